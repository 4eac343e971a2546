// A hostile template over a hostile conversation: the input is the source, a zero byte, and a JSON object (or else a
// fixed one). Renders, or throws Error.
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "base/utf8.h"
#include "jinja/value.h"
#include "tokenize/chat_template.h"

namespace {

// The usual number of steps takes 0.6 s, under sanitizers a minute.
constexpr sheepop::jinja::Limits kLimits{.steps = 500'000};

constexpr std::string_view kVariables =
    R"({"messages": [{"role": "user", "content": " H\u00e9 <|x|>\n", "tool_calls": [{"arguments": {"a": 1.5, "b": [null]}}]},
        {"role": "im_end", "content": ["a", {}]}], "bos_token": "<s>", "n": 3, "t": true})";

boost::json::object Variables(std::string_view json) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(json, error);
  if (error || !value.is_object()) value = boost::json::parse(kVariables);
  return value.get_object();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  size_t zero = input.find('\0');
  boost::json::object variables = Variables(zero == std::string_view::npos ? "" : input.substr(zero + 1));
  try {
    sheepop::Rendered rendered =
        sheepop::ChatTemplate::Parse(std::string(input.substr(0, zero))).Render(variables, 1785067200, kLimits);
    for (size_t i = 0; i < rendered.spans.size(); ++i) {
      const sheepop::RenderedSpan& span = rendered.spans[i];
      bool mergeable = i > 0 && rendered.spans[i - 1].from_content == span.from_content;
      if (span.text.empty() || mergeable) __builtin_trap();
    }
    if (!sheepop::IsValidUtf8(rendered.Text())) __builtin_trap();
  } catch (const sheepop::Error&) {
  }
  return 0;
}
