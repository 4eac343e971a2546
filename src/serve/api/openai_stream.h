// What the answers of OpenAI's chat and completions have in common: an object with choices and usage, and a stream of
// chunks that have one choice each.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/api/openai_fields.h"
#include "serve/dialect.h"

namespace sheepop {

// {prompt_tokens, completion_tokens, total_tokens, ...details}.
boost::json::object OpenAiUsage(const Ledger& ledger);

// A log-probability as a JSON number: what is not finite is -9999.
double FiniteLogprob(double logprob);

// A stream has role or prompt first, then pieces, then a chunk with a finish_reason for each choice. The object `sheepop`
// is in the chunk with usage, or in the finish chunk of the choice that ends last, which therefore waits for End.
class OpenAiDialect : public Dialect {
 public:
  boost::json::object Whole(const AnswerHead& head, const std::vector<ChoiceResult>& results,
                            const Ledger& ledger) override;
  std::string Begin(const AnswerHead& head) override;
  std::string OnPiece(const Piece& piece) override;
  std::string OnFinish(size_t choice, const ChoiceResult& result) override;
  std::string End(const Ledger& ledger) override;
  std::string Beat(size_t computed, size_t prompt) override;
  std::string Failure(const ApiProblem& problem) override;

 protected:
  struct Names {
    std::string_view id_prefix, object, chunk;
  };
  OpenAiDialect(const Ask& ask, const OpenAiShape& shape, Names names);

  // The members of a choice but its index: of a whole answer, without finish_reason; of a chunk that opens it, none
  // (an empty object) where there is nothing to open; of the chunks of a piece, with `even_none` at least one; of a chunk
  // that says nothing.
  virtual boost::json::object WholeChoice(size_t choice, const ChoiceResult& result) = 0;
  virtual boost::json::object Opening(size_t choice) = 0;
  virtual std::vector<boost::json::object> Deltas(const Piece& piece, bool even_none) = 0;
  virtual boost::json::object Silence() = 0;

  boost::json::object Chunk(size_t choice, boost::json::object members) const;
  const AnswerHead& head() const { return head_; }
  const OpenAiShape& shape() const { return shape_; }

  const std::shared_ptr<const ServedModel> model_;
  const std::optional<size_t> logprobs_;
  const size_t n_;  // choice = index of the prompt * n + i

 private:
  boost::json::object Chunk() const;  // without choices
  std::string_view FinishOf(const ChoiceResult& result) const;
  void AddTraces(const std::vector<TokenRecord>& tokens, boost::json::object& members) const;

  const OpenAiShape shape_;
  const Names names_;
  const bool explain_;
  std::vector<std::vector<Token>> prompts_;
  AnswerHead head_;
  std::vector<size_t> told_;    // tokens of each choice that were in its pieces
  std::vector<bool> finished_;  // choices
  boost::json::object last_;    // the finish chunk that waits for End
};

}  // namespace sheepop
