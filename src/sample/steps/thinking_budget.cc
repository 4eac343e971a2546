// Ends the thoughts of a model once they have the tokens that they may: what closes them is then all that may follow.
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "sample/options.h"
#include "sample/step.h"
#include "sample/vocabulary.h"

namespace sheepop {
namespace {

// Where a text stands that may begin with thoughts.
struct Thoughts {
  enum { kBefore, kWithin, kBehind } place = kBefore;
  std::string tail;    // before the thoughts all of the text, within them the bytes that a closing mark may begin in
  size_t tokens = 0;   // of the thoughts
  size_t closing = 0;  // tokens of the mark that were put in
};

class ThinkingBudget final : public Step {
 public:
  ThinkingBudget(size_t budget, const ThinkingOptions& thinking, const SamplingVocabulary& vocabulary)
      : budget_(budget), thinking_(thinking), vocabulary_(vocabulary), close_(TokensOf(thinking.close, vocabulary)) {}

  std::string_view name() const override { return "thinking_budget"; }

  void Apply(Candidates& candidates, const SequenceState& state) const override {
    const size_t closing = Closing(state);
    if (closing == close_.size()) return;
    const auto token = static_cast<size_t>(close_[closing]);
    std::vector<uint64_t> mask((candidates.vocabulary_size() + 63) / 64);
    mask[token / 64] = uint64_t{1} << (token % 64);
    candidates.KeepOnly(mask);
  }

  std::vector<Token> Forced(const SequenceState& state) const override {
    return {close_.begin() + static_cast<std::ptrdiff_t>(Closing(state)), close_.end()};
  }

  std::string Why(const SequenceState& /*state*/) const override { return "the thoughts have all their tokens"; }

  void Learn(Token token, double /*probability*/, SequenceState& state) const override {
    Thoughts& thoughts = state.Keep<Thoughts>(name(), Start());
    if (thoughts.place == Thoughts::kBehind) return;
    const bool closes = Spent(thoughts) && token == close_[thoughts.closing];
    thoughts.closing = closes ? thoughts.closing + 1 : 0;
    thoughts.tail += vocabulary_.piece(token);
    if (thoughts.place == Thoughts::kBefore) return FindOpening(thoughts);
    ++thoughts.tokens;
    if (thoughts.closing == close_.size() || thoughts.tail.find(thinking_.close) != std::string::npos) {
      thoughts.place = Thoughts::kBehind;
    } else if (thoughts.tail.size() >= thinking_.close.size()) {
      thoughts.tail.erase(0, thoughts.tail.size() - thinking_.close.size() + 1);
    }
  }

 private:
  static std::vector<Token> TokensOf(const std::string& mark, const SamplingVocabulary& vocabulary) {
    for (size_t i = 0; i < vocabulary.size(); ++i) {
      const auto token = static_cast<Token>(i);
      if (vocabulary.use(token) != TokenUse::kNone && vocabulary.piece(token) == mark) return {token};
    }
    std::vector<Token> tokens = vocabulary.Encode(mark);
    std::string spelt;
    for (const Token token : tokens) spelt += vocabulary.piece(token);
    if (!spelt.ends_with(mark)) {
      throw Error(ErrorCategory::kInvalidArgument, "thinking_close is \"{}\", which the model cannot write", mark);
    }
    return tokens;
  }

  Thoughts Start() const {
    Thoughts thoughts;
    if (thinking_.open.empty()) thoughts.place = Thoughts::kWithin;
    return thoughts;
  }

  bool Spent(const Thoughts& thoughts) const {
    if (thoughts.place != Thoughts::kWithin) return false;
    return thoughts.closing > 0 || (thoughts.tokens >= budget_ && IncompleteUtf8Suffix(thoughts.tail) == 0);
  }

  // Tokens of the mark that are there; all of them where none must follow.
  size_t Closing(const SequenceState& state) const {
    const auto* known = state.Recall<Thoughts>(name());
    const Thoughts thoughts = known ? *known : Start();
    return Spent(thoughts) ? thoughts.closing : close_.size();
  }

  void FindOpening(Thoughts& thoughts) const {
    const size_t begin = thoughts.tail.find_first_not_of(" \t\r\n");
    if (begin == std::string::npos) return;
    const std::string_view text = std::string_view(thoughts.tail).substr(begin);
    if (text.starts_with(thinking_.open)) {
      thoughts.place = Thoughts::kWithin;
      thoughts.tail.clear();
    } else if (!thinking_.open.starts_with(text)) {
      thoughts.place = Thoughts::kBehind;
    }
  }

  const size_t budget_;
  const ThinkingOptions thinking_;
  const SamplingVocabulary& vocabulary_;
  const std::vector<Token> close_;
};

}  // namespace

StepPointer MakeThinkingBudget(const SamplingOptions& options, const SamplingVocabulary& vocabulary) {
  if (options.thinking_budget < 0) return nullptr;
  const ThinkingOptions& thinking = options.constraint.thinking;
  if (thinking.close.empty()) {
    throw Error(ErrorCategory::kInvalidArgument,
                "thinking_budget is {}, but there is no thinking_close that would end thoughts; give it, or leave the "
                "budget out",
                options.thinking_budget);
  }
  return std::make_shared<ThinkingBudget>(static_cast<size_t>(options.thinking_budget), thinking, vocabulary);
}

}  // namespace sheepop
