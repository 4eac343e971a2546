#include "sample/steps/presence_penalty.h"

namespace sheepop {

void PresencePenalty::Apply(Candidates& candidates, const SequenceState& state) const {
  std::vector<LogitEdit> edits;
  for (const auto& seen : window_.Count(state)) edits.push_back({seen.token, 1, -penalty_});
  candidates.Edit(edits);
}

}  // namespace sheepop
