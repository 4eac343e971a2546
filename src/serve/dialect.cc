#include "serve/dialect.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace sheepop {
namespace {

namespace json = boost::json;

json::value TextOrNull(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); }

// The types that Anthropic's clients know, by status.
std::string_view AnthropicType(unsigned status) {
  switch (status) {
    case 401: return "authentication_error";
    case 403: return "permission_error";
    case 404: return "not_found_error";
    case 413: return "request_too_large";
    case 429: return "rate_limit_error";
    case 503: return "overloaded_error";
    default: return status < 500 ? "invalid_request_error" : "api_error";
  }
}

}  // namespace

json::object OpenAiError(const ApiProblem& problem) {
  json::object error{{"message", problem.message},
                     {"type", problem.type},
                     {"param", TextOrNull(problem.param)},
                     {"code", TextOrNull(problem.code)}};
  if (problem.prompt_tokens) error["n_prompt_tokens"] = *problem.prompt_tokens;
  if (problem.context) error["n_ctx"] = *problem.context;
  json::object body;
  body["error"] = std::move(error);
  return body;
}

json::object AnthropicError(const ApiProblem& problem) {
  json::object error{{"type", AnthropicType(problem.status)}, {"message", problem.message}};
  return {{"type", "error"}, {"error", std::move(error)}};
}

std::string Event(const json::object& data, std::string_view name) {
  std::string event;
  if (!name.empty()) event.append("event: ").append(name).append("\n");
  return event.append("data: ").append(json::serialize(data)).append("\n\n");
}

}  // namespace sheepop
