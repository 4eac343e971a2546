// Removes the tokens that end the text until the output has the wanted length.
#include <memory>
#include <vector>

#include "sample/options.h"
#include "sample/step.h"
#include "sample/vocabulary.h"

namespace sheepop {
namespace {

class MinTokens : public Step {
 public:
  MinTokens(size_t length, std::span<const Token> eos) : length_(length), eos_(eos.begin(), eos.end()) {}
  std::string_view name() const override { return "min_tokens"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override {
    if (state.output().size() < length_) candidates.Ban(eos_);
  }

 private:
  size_t length_;
  std::vector<Token> eos_;
};

}  // namespace

StepPointer MakeMinTokens(const SamplingOptions& options, const SamplingVocabulary& vocabulary) {
  if (options.min_tokens == 0) return nullptr;
  return std::make_shared<MinTokens>(options.min_tokens, vocabulary.eos());
}

}  // namespace sheepop
