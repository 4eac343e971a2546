// Removes every token that would complete a sequence of n tokens that the text, prompt included, already holds.
#include <algorithm>
#include <memory>
#include <vector>

#include "sample/options.h"
#include "sample/step.h"

namespace sheepop {
namespace {

class NoRepeatNgram : public Step {
 public:
  explicit NoRepeatNgram(size_t n) : n_(n) {}  // n >= 1
  std::string_view name() const override { return "no_repeat_ngram"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  size_t n_;
};

void NoRepeatNgram::Apply(Candidates& candidates, const SequenceState& state) const {
  const auto tokens = state.tokens();
  if (tokens.size() < n_) return;
  const auto begun = tokens.last(n_ - 1);
  std::vector<Token> completes;
  for (size_t i = 0; i + n_ <= tokens.size(); ++i) {
    if (std::equal(begun.begin(), begun.end(), tokens.begin() + static_cast<std::ptrdiff_t>(i))) {
      completes.push_back(tokens[i + n_ - 1]);
    }
  }
  candidates.Ban(completes);
}

}  // namespace

StepPointer MakeNoRepeatNgram(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.no_repeat_ngram == 0) return nullptr;
  return std::make_shared<NoRepeatNgram>(options.no_repeat_ngram);
}

}  // namespace sheepop
