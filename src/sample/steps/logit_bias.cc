// Adds a constant to the logits of some tokens.
#include <memory>
#include <vector>

#include "sample/options.h"
#include "sample/step.h"
#include "sample/vocabulary.h"

namespace sheepop {
namespace {

class LogitBiasStep : public Step {
 public:
  explicit LogitBiasStep(std::vector<LogitEdit> edits) : edits_(std::move(edits)) {}
  std::string_view name() const override { return "logit_bias"; }
  void Apply(Candidates& candidates, const SequenceState&) const override { candidates.Edit(edits_); }

 private:
  std::vector<LogitEdit> edits_;
};

}  // namespace

StepPointer MakeLogitBias(const SamplingOptions& options, const SamplingVocabulary& vocabulary) {
  std::vector<LogitEdit> edits;
  for (const LogitBias& bias : options.logit_bias) {
    if (bias.bias == kBan) continue;
    for (Token token : ResolveToken(bias.token, vocabulary, "logit_bias")) edits.push_back({token, 1, bias.bias});
  }
  if (edits.empty()) return nullptr;
  return std::make_shared<LogitBiasStep>(std::move(edits));
}

}  // namespace sheepop
