// How one API says what a generation gives: as one JSON object, or as server-sent events (WHATWG HTML, section 9.2).
// One object an answer; used by one thread at a time. What it returns for a stream is text of whole events, each with
// its empty line, or nothing.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <vector>

#include "serve/answer.h"
#include "serve/api_error.h"

namespace sheepop {

class Dialect {
 public:
  virtual ~Dialect() = default;

  // The whole answer; `results` by choice.
  virtual boost::json::object Whole(const AnswerHead& head, const std::vector<ChoiceResult>& results,
                                    const Ledger& ledger) = 0;

  // A stream. Begin comes first and once; pieces of the choices in any order; Finish once for each choice, after its
  // last piece; End last. Beat comes when nothing has for ten seconds, and must be an event that is no comment: it
  // tells how much of the prompt is computed.
  virtual std::string Begin(const AnswerHead& head) = 0;
  virtual std::string OnPiece(const Piece& piece) = 0;
  virtual std::string OnFinish(size_t choice, const ChoiceResult& result) = 0;
  virtual std::string End(const Ledger& ledger) = 0;
  virtual std::string Beat(size_t computed, size_t prompt) = 0;
  // The last event of a stream that cannot go on.
  virtual std::string Failure(const ApiProblem& problem) = 0;
};

// A request that was understood.
struct Parsed {
  Ask ask;
  std::unique_ptr<Dialect> dialect;
};

// The body of a refusal in the shape of OpenAI: {"error": {message, type, param, code}}, with n_prompt_tokens and n_ctx
// where the problem has them.
boost::json::object OpenAiError(const ApiProblem& problem);
// In the shape of Anthropic: {"type": "error", "error": {type, message}}.
boost::json::object AnthropicError(const ApiProblem& problem);

// One event: "data: {...}", with "event: name" before it where a name is given. No line of it is broken.
std::string Event(const boost::json::object& data, std::string_view name = {});

}  // namespace sheepop
