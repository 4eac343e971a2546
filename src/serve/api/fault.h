// An answer that failed after it was begun.
#pragma once

#include <optional>

#include "serve/answer.h"
#include "serve/api_error.h"

namespace sheepop {

// 500 of an answer that ended by an error or was interrupted; none of one that is whole or met a bound.
std::optional<ApiProblem> FaultOf(const ChoiceResult& result);

}  // namespace sheepop
