// Whether a text fits a constraint: byte by byte, and token by token as a model's tokenizer writes it.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sample/constraint.h"
#include "sample/vocabulary.h"

namespace sheepop::cli {

// Bytes as tokens: each for itself, and one that ends a text.
class ByteVocabulary final : public SamplingVocabulary {
 public:
  ByteVocabulary();
  size_t size() const override { return bytes_.size() + 1; }
  std::string_view piece(Token token) const override;
  std::span<const Token> eos() const override { return {&end_, 1}; }
  TokenUse use(Token /*token*/) const override { return TokenUse::kText; }

 private:
  std::array<char, 256> bytes_;
  Token end_ = 256;
};

// The tokens that the model would write `text` as, in the middle of other text: nothing stands in front of the first
// word. Nothing where they do not spell it: the tokenizer normalises, or has no token for a byte.
std::optional<std::vector<Token>> TokensOf(const SamplingVocabulary& vocabulary, const TokenTable& table,
                                           std::string_view text);

struct ByteCheck {
  bool fits = false;
  size_t bytes = 0;                    // that some text begins with
  Constraint::Position position = {};  // behind them
};
ByteCheck CheckBytes(const Constraint& constraint, std::string_view text);

struct MaskTiming {
  bool anew = false;  // a mask that is kept is made again
  size_t times = 1;   // how often each is made, where `anew`; the least time counts
};

struct TokenCheck {
  bool fits = false;
  size_t tokens = 0;            // that the masks allow
  std::vector<double> mask_us;  // [tokens + 1], the last where the check ended
};
// Each mask's time is the processor time of this thread, for what a step of generation does: to follow the bytes of the
// token before, and to make or find the mask.
TokenCheck CheckTokens(const Constraint& constraint, std::span<const Token> tokens, const MaskTiming& timing);

// Microseconds of processor time of this thread since an arbitrary moment.
double ThreadMicroseconds();

// What may follow there, for people, shortest first: the text that must follow, or characters and ranges of them.
std::vector<std::string> AllowedAt(const Constraint& constraint, const Constraint::Position& position);

// Throws kInternal where bytes and tokens disagree.
void RequireSame(const ByteCheck& bytes, const TokenCheck& tokens);

}  // namespace sheepop::cli
