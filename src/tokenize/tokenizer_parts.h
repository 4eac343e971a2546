// What a Tokenizer is made of. Filled by the loaders (gguf_loader.cc, json_loader.cc), which share the helpers below.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/warning.h"
#include "tokenize/added_tokens.h"
#include "tokenize/normalizer.h"
#include "tokenize/splitter.h"
#include "tokenize/token_model.h"
#include "tokenize/tokenizer.h"
#include "tokenize/vocabulary.h"

namespace sheepop {

enum class PrefixSpace {
  kNever,
  kFirst,          // in front of the text
  kEveryFragment,  // and behind each added token
};

// Which neighbouring bytes never meet inside a piece: merging cannot cross there, so text may be cut.
class PieceBorders {
 public:
  explicit PieceBorders(const Vocabulary& vocabulary);
  bool Meet(char left, char right) const {
    const unsigned pair = static_cast<uint8_t>(left) << 8u | static_cast<uint8_t>(right);
    return (meet_[pair / 64] >> (pair % 64) & 1) != 0;
  }

 private:
  std::array<uint64_t, 1024> meet_{};
};

struct TokenizerParts {
  std::shared_ptr<const Vocabulary> vocabulary;
  AddedTokens added;
  Normalizer normalizer;
  PrefixSpace prefix_space = PrefixSpace::kNever;
  bool prefix_only_if_missing = false;          // no second space in front of one
  Splitter splitter;                            // byte-level models
  std::unique_ptr<const PieceBorders> borders;  // SentencePiece BPE: cuts what the splitter leaves; may be null
  std::unique_ptr<const TokenModel> model;
  SpecialTokenIds special;
  std::vector<Warning> warnings;
};

// <|...|> and the like: never text, whatever a file says.
bool LooksLikeControl(std::string_view name);
// Names that end a turn or a text in the models people use.
bool NameEndsTurn(std::string_view name);
// The tokens of those names among control and user-defined tokens, with `eos` and `more`; user-defined ones among them
// become control tokens, so this comes before Seal. Ascending.
std::vector<Token> FindEndTokens(Vocabulary& vocabulary, std::optional<Token> eos, std::span<const Token> more);
// The token of what the vocabulary cannot spell; -1 where files name one that begins, ends or steers a text, which no
// text may become: GPT-2's <|endoftext|>.
Token UnknownOfText(const Vocabulary& vocabulary, const SpecialTokenIds& special);

}  // namespace sheepop
