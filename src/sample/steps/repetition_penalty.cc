// Makes each token seen before less likely, once however often it was seen: a logit above 0 is divided by the penalty,
// another multiplied. Keskar et al., CTRL, arXiv:1909.05858.
#include <memory>

#include "sample/options.h"
#include "sample/step.h"
#include "sample/steps/penalty_window.h"

namespace sheepop {
namespace {

class RepetitionPenalty : public Step {
 public:
  RepetitionPenalty(double penalty, PenaltyWindow window) : penalty_(penalty), window_(window) {}  // penalty > 0
  std::string_view name() const override { return "repetition"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  double penalty_;
  PenaltyWindow window_;
};

void RepetitionPenalty::Apply(Candidates& candidates, const SequenceState& state) const {
  std::vector<LogitEdit> edits;
  for (const auto& [token, count] : window_.Count(state)) {
    const std::optional<Candidate> candidate = candidates.Find(token);
    if (candidate) edits.push_back({token, candidate->logit > 0 ? 1 / penalty_ : penalty_, 0});
  }
  candidates.Edit(edits);
}

}  // namespace

StepPointer MakeRepetition(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.repeat_penalty == 1) return nullptr;
  return std::make_shared<RepetitionPenalty>(options.repeat_penalty, RepetitionWindow(options));
}

}  // namespace sheepop
