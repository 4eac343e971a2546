// Subtracts a constant from the logit of each token seen before, as many times as it was seen.
#include <memory>

#include "sample/options.h"
#include "sample/step.h"
#include "sample/steps/penalty_window.h"

namespace sheepop {
namespace {

class FrequencyPenalty : public Step {
 public:
  FrequencyPenalty(double penalty, PenaltyWindow window) : penalty_(penalty), window_(window) {}
  std::string_view name() const override { return "frequency"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  double penalty_;
  PenaltyWindow window_;
};

void FrequencyPenalty::Apply(Candidates& candidates, const SequenceState& state) const {
  std::vector<LogitEdit> edits;
  for (const auto& seen : window_.Count(state)) edits.push_back({seen.token, 1, -penalty_ * seen.count});
  candidates.Edit(edits);
}

}  // namespace

StepPointer MakeFrequency(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.frequency_penalty == 0) return nullptr;
  return std::make_shared<FrequencyPenalty>(options.frequency_penalty, CountWindow(options));
}

}  // namespace sheepop
