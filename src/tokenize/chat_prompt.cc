#include "tokenize/chat_prompt.h"

#include <boost/json/value.hpp>
#include <optional>

namespace sheepop {

ChatPrompt EncodeChat(const ChatTemplate& chat, const Tokenizer& tokenizer, boost::json::object variables,
                      std::time_t now) {
  const SpecialTokenIds& special = tokenizer.special();
  auto supply = [&](std::string_view name, std::optional<Token> token) {
    if (token && !variables.contains(name)) variables[name] = tokenizer.Piece(*token);
  };
  supply("bos_token", special.bos);
  supply("eos_token", special.eos);
  supply("pad_token", special.pad);
  supply("unk_token", special.unknown);
  Rendered rendered = chat.Render(variables, now);
  std::vector<TextSpan> spans;
  spans.reserve(rendered.spans.size());
  for (const RenderedSpan& span : rendered.spans) spans.push_back({span.text, !span.from_content});
  return {rendered.Text(), tokenizer.Encode(spans)};
}

}  // namespace sheepop
