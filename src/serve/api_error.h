// A request that is refused, in terms that every API of the server can say.
#pragma once

#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace sheepop {

struct ApiProblem {
  unsigned status = 400;
  std::string type = "invalid_request_error";
  std::string code = {};     // "context_length_exceeded"; may be empty: null
  std::string param = {};    // the field at fault, "messages[2].content"; may be empty: null
  std::string message = {};  // thing, value, bound, way out
  std::optional<int> retry_after_s = {};
  std::optional<size_t> prompt_tokens = {}, context = {};  // of a prompt that is too long
};

class ApiError : public std::runtime_error {
 public:
  explicit ApiError(ApiProblem problem) : std::runtime_error(problem.message), problem_(std::move(problem)) {}
  const ApiProblem& problem() const { return problem_; }

 private:
  ApiProblem problem_;
};

// 400 for a field.
[[noreturn]] void RefuseField(std::string_view param, const std::string& message);
// 501: the server knows what is asked, and cannot do it.
[[noreturn]] void RefuseUnsupported(std::string_view param, const std::string& message);

// 503: the server takes no more requests, or gives up those that are there.
ApiProblem StoppingProblem();

// Whatever was thrown, as a problem: an ApiError's own; of an Error, 400 for kInvalidArgument, 404 for kNotFound, 429
// for kBusy, 503 for kInterrupted, 501 for kUnsupported; the rest 500.
ApiProblem ProblemOf(const std::exception_ptr& thrown, std::string_view param = {});

// What `work` gives; an Error that it throws becomes the ApiError of that field.
template <class Work>
decltype(auto) ForField(std::string_view param, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const Error&) {
    throw ApiError(ProblemOf(std::current_exception(), param));
  }
}

}  // namespace sheepop
