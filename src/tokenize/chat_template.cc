#include "tokenize/chat_template.h"

#include <algorithm>
#include <boost/json/value.hpp>

#include "base/error.h"
#include "base/utf8.h"
#include "jinja/format.h"
#include "jinja/interpreter.h"
#include "jinja/parser.h"

namespace sheepop {

namespace {

constexpr size_t kMaxSourceBytes = 1 << 20;

// Templates such as "<|" + role + "|>" build control tokens of these. Any other role is text like the rest.
constexpr std::string_view kRoles[] = {"system",   "developer", "user",  "assistant",   "tool",
                                       "function", "ipython",   "model", "observation", "environment"};

bool IsKnownRole(const boost::json::value& role) {
  return role.is_string() && std::find(std::begin(kRoles), std::end(kRoles), role.get_string()) != std::end(kRoles);
}

jinja::Value MessageValue(jinja::Budget& budget, const boost::json::value& message, size_t number) {
  const jinja::Origin content = jinja::FromMessage(number);
  if (!message.is_object()) return jinja::FromJson(budget, message, content);
  jinja::Dict dict;
  for (const auto& [key, value] : message.get_object()) {
    const bool is_markup = key == "role" && IsKnownRole(value);
    dict.Set(jinja::FromJson(budget, boost::json::value(key), content),
             jinja::FromJson(budget, value, is_markup ? jinja::Origin::kTemplate : content));
  }
  return jinja::Value::MakeDict(budget, std::move(dict));
}

jinja::Value VariableValue(jinja::Budget& budget, std::string_view name, const boost::json::value& value) {
  if (name == "messages" && value.is_array()) {
    std::vector<jinja::Value> messages;
    for (const auto& message : value.get_array()) messages.push_back(MessageValue(budget, message, messages.size()));
    return jinja::Value::MakeList(budget, std::move(messages));
  }
  bool trusted = name.ends_with("_token") && value.is_string();
  return jinja::FromJson(budget, value, trusted ? jinja::Origin::kTemplate : jinja::Origin::kContent);
}

}  // namespace

std::string Rendered::Text() const {
  std::string text;
  for (const RenderedSpan& span : spans) text += span.text;
  return text;
}

struct ChatTemplate::Program {
  std::string source;
  jinja::Body body;
};

ChatTemplate ChatTemplate::Parse(std::string source) {
  if (source.size() > kMaxSourceBytes) {
    throw Error(ErrorCategory::kLimit, "the chat template has {} bytes, the limit is {}", source.size(),
                kMaxSourceBytes);
  }
  if (!IsValidUtf8(source)) throw Error(ErrorCategory::kCorrupt, "the chat template is not valid UTF-8");
  auto program = std::make_shared<Program>();
  program->body = jinja::Parse(source);
  program->source = std::move(source);
  return ChatTemplate(std::move(program));
}

const std::string& ChatTemplate::source() const { return program_->source; }

Rendered ChatTemplate::Render(const boost::json::object& variables, std::time_t now) const {
  return Render(variables, now, jinja::Limits{});
}

Rendered ChatTemplate::Render(const boost::json::object& variables, std::time_t now,
                              const jinja::Limits& limits) const {
  jinja::Interpreter interpreter(limits, now);
  for (const auto& [name, value] : variables) {
    interpreter.Define(name, VariableValue(interpreter.budget(), name, value));
  }
  jinja::Text text = interpreter.Render(program_->body);
  Rendered rendered;
  size_t begin = 0;
  for (const jinja::Text::Run& run : text.runs()) {
    const std::string_view bytes = std::string_view(text.bytes()).substr(begin, run.end - begin);
    const bool from_content = jinja::IsContent(run.origin);
    if (rendered.spans.empty() || rendered.spans.back().from_content != from_content) {
      rendered.spans.push_back({{}, from_content});
    }
    rendered.spans.back().text += bytes;
    if (const auto message = jinja::MessageOf(run.origin)) rendered.message_runs.push_back({begin, run.end, *message});
    begin = run.end;
  }
  return rendered;
}

}  // namespace sheepop
