// Subtracts a constant from the logit of each token seen before, once however often it was seen.
#include <memory>

#include "sample/options.h"
#include "sample/step.h"
#include "sample/steps/penalty_window.h"

namespace sheepop {
namespace {

class PresencePenalty : public Step {
 public:
  PresencePenalty(double penalty, PenaltyWindow window) : penalty_(penalty), window_(window) {}
  std::string_view name() const override { return "presence"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  double penalty_;
  PenaltyWindow window_;
};

void PresencePenalty::Apply(Candidates& candidates, const SequenceState& state) const {
  std::vector<LogitEdit> edits;
  for (const auto& seen : window_.Count(state)) edits.push_back({seen.token, 1, -penalty_});
  candidates.Edit(edits);
}

}  // namespace

StepPointer MakePresence(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.presence_penalty == 0) return nullptr;
  return std::make_shared<PresencePenalty>(options.presence_penalty, CountWindow(options));
}

}  // namespace sheepop
