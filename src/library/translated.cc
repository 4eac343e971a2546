#include "library/translated.h"

#include "base/error.h"
#include "serve/api_error.h"

namespace sheepop {
namespace {

ErrorCategory CategoryOf(unsigned status) {
  switch (status) {
    case 400: return ErrorCategory::kInvalidArgument;
    case 404: return ErrorCategory::kNotFound;
    case 429: return ErrorCategory::kBusy;
    case 501: return ErrorCategory::kUnsupported;
    case 503: return ErrorCategory::kInterrupted;
    default: return ErrorCategory::kInternal;
  }
}

}  // namespace

Failure FailureOf(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const ApiError& error) {
    const ApiProblem& problem = error.problem();
    const ErrorCategory category = problem.prompt_tokens ? ErrorCategory::kLimit : CategoryOf(problem.status);
    return {std::string(Name(category)), problem.message, problem.param};
  } catch (...) {
    const Error error = AsError(thrown);
    return {std::string(Name(error.category())), error.what()};
  }
}

}  // namespace sheepop
