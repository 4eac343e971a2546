#include "sample/steps/repetition_penalty.h"

namespace sheepop {

void RepetitionPenalty::Apply(Candidates& candidates, const SequenceState& state) const {
  std::vector<LogitEdit> edits;
  for (const auto& [token, count] : window_.Count(state)) {
    const std::optional<Candidate> candidate = candidates.Find(token);
    if (candidate) edits.push_back({token, candidate->logit > 0 ? 1 / penalty_ : penalty_, 0});
  }
  candidates.Edit(edits);
}

}  // namespace sheepop
