#include "tokenize/tokenizer_parts.h"

#include <algorithm>

namespace sheepop {

PieceBorders::PieceBorders(const Vocabulary& vocabulary) {
  const auto count = static_cast<Token>(vocabulary.size());
  for (Token token = 0; token < count; ++token) {
    const std::string_view piece = vocabulary.Piece(token);
    for (size_t i = 1; i < piece.size(); ++i) {
      const unsigned pair = static_cast<uint8_t>(piece[i - 1]) << 8u | static_cast<uint8_t>(piece[i]);
      meet_[pair / 64] |= uint64_t{1} << (pair % 64);
    }
  }
}

bool LooksLikeControl(std::string_view name) {
  constexpr std::string_view kFullwidthBar = "\xEF\xBD\x9C";  // U+FF5C, in DeepSeek's names
  if (!name.starts_with('<') || !name.ends_with('>') || name.size() < 5) return false;
  name = name.substr(1, name.size() - 2);
  return (name.starts_with('|') && name.ends_with('|')) ||
         (name.starts_with(kFullwidthBar) && name.ends_with(kFullwidthBar));
}

bool NameEndsTurn(std::string_view name) {
  // clang-format off
  static constexpr std::string_view kNames[] = {
      "<|eot_id|>",        "<|eom_id|>",      "<|im_end|>",         "<|end|>",
      "<|return|>",        "<|call|>",        "<|endoftext|>",      "<|end_of_text|>",
      "<|eot|>",           "<|EOT|>",         "<|END_OF_TURN_TOKEN|>", "<end_of_turn>",
      "<end_of_utterance>", "<turn|>",        "<|tool_response>",  "<eos>",             "</s>",
      "<EOT>",             "_<EOT>",          "[EOT]",              "[EOS]",
      "<\xEF\xBD\x9C" "end\xE2\x96\x81of\xE2\x96\x81sentence\xEF\xBD\x9C>"};
  // clang-format on
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

std::vector<Token> FindEndTokens(Vocabulary& vocabulary, std::optional<Token> eos, std::span<const Token> more) {
  std::vector<Token> end(more.begin(), more.end());
  if (eos) end.push_back(*eos);
  Token end_of_message = -1, strike_close = -1;
  bool harmony = false, strike_open = false;
  const auto count = static_cast<Token>(vocabulary.size());
  for (Token token = 0; token < count; ++token) {
    const TokenKind kind = vocabulary.Kind(token);
    if (kind != TokenKind::kControl && kind != TokenKind::kUserDefined) continue;
    const std::string_view name = vocabulary.Piece(token);
    if (name == "<|return|>") harmony = true;
    if (name == "<|end|>") end_of_message = token;
    if (name == "<s>" && kind == TokenKind::kUserDefined) strike_open = true;
    if (name == "</s>" && kind == TokenKind::kUserDefined && eos != token) {
      strike_close = token;
    } else if (NameEndsTurn(name)) {
      end.push_back(token);
    }
  }
  // In a vocabulary with HTML tags among its user-defined tokens, </s> is one of those.
  if (strike_close >= 0 && !strike_open) end.push_back(strike_close);
  for (const Token token : end) {
    if (vocabulary.Kind(token) == TokenKind::kUserDefined) vocabulary.SetKind(token, TokenKind::kControl);
  }
  // In the harmony format <|end|> only closes one of several messages of a turn.
  if (harmony) std::erase(end, end_of_message);
  std::sort(end.begin(), end.end());
  end.erase(std::unique(end.begin(), end.end()), end.end());
  return end;
}

Token UnknownOfText(const Vocabulary& vocabulary, const SpecialTokenIds& special) {
  if (!special.unknown || special.unknown == special.bos || special.Ends(*special.unknown)) return -1;
  const std::string_view name = vocabulary.Piece(*special.unknown);
  return LooksLikeControl(name) || NameEndsTurn(name) ? -1 : *special.unknown;
}

}  // namespace sheepop
