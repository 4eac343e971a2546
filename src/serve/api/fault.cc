#include "serve/api/fault.h"

namespace sheepop {

std::optional<ApiProblem> FaultOf(const ChoiceResult& result) {
  if (result.reason != FinishReason::kError && result.reason != FinishReason::kInterrupt) return {};
  ApiProblem problem;
  problem.status = 500;
  problem.type = "server_error";
  problem.message = result.reason == FinishReason::kError ? result.error : "the answer was interrupted";
  return problem;
}

}  // namespace sheepop
