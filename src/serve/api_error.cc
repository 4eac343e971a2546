#include "serve/api_error.h"

#include <utility>

namespace sheepop {
namespace {

ApiProblem Described(ErrorCategory category) {
  ApiProblem problem;
  switch (category) {
    case ErrorCategory::kInvalidArgument: break;
    case ErrorCategory::kNotFound:
      problem.status = 404;
      problem.type = "not_found_error";
      break;
    case ErrorCategory::kBusy:
      problem.status = 429;
      problem.type = "rate_limit_error";
      problem.retry_after_s = 1;
      break;
    case ErrorCategory::kInterrupted: return StoppingProblem();
    case ErrorCategory::kUnsupported:
      problem.status = 501;
      problem.type = "not_supported_error";
      break;
    default: problem.status = 500; problem.type = "server_error";
  }
  return problem;
}

}  // namespace

ApiProblem StoppingProblem() {
  return {.status = 503,
          .type = "unavailable_error",
          .code = "stopping",
          .message = "the server is stopping; send the request again in a while",
          .retry_after_s = 5};
}

void RefuseField(std::string_view param, const std::string& message) {
  throw ApiError({.param = std::string(param), .message = message});
}

void RefuseUnsupported(std::string_view param, const std::string& message) {
  ApiProblem problem = Described(ErrorCategory::kUnsupported);
  problem.param = param;
  problem.message = message;
  throw ApiError(std::move(problem));
}

ApiProblem ProblemOf(const std::exception_ptr& thrown, std::string_view param) {
  try {
    std::rethrow_exception(thrown);
  } catch (const ApiError& error) {
    return error.problem();
  } catch (...) {
    const Error error = AsError(thrown);
    ApiProblem problem = Described(error.category());
    problem.param = param;
    problem.message = error.what();
    return problem;
  }
}

}  // namespace sheepop
