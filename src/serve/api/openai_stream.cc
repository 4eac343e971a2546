#include "serve/api/openai_stream.h"

#include <algorithm>
#include <boost/json/value.hpp>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "serve/api/token_records.h"

namespace sheepop {

namespace json = boost::json;

namespace {

json::array Ids(std::span<const Token> ids) { return json::array(ids.begin(), ids.end()); }

json::object Counts(size_t prompt, size_t completion) {
  return {{"prompt_tokens", prompt}, {"completion_tokens", completion}, {"total_tokens", prompt + completion}};
}

}  // namespace

json::object OpenAiUsage(const Ledger& ledger) {
  json::object usage = Counts(ledger.prompt_tokens, ledger.written);
  usage["prompt_tokens_details"] = json::object({{"cached_tokens", ledger.reused}});
  usage["completion_tokens_details"] = json::object(
      {{"reasoning_tokens", ledger.thinking}, {"accepted_prediction_tokens", 0}, {"rejected_prediction_tokens", 0}});
  return usage;
}

double FiniteLogprob(double logprob) {
  constexpr double kLeast = -9999;  // what clients know for an impossible token
  return std::isfinite(logprob) ? logprob : kLeast;
}

OpenAiDialect::OpenAiDialect(const Ask& ask, const OpenAiShape& shape, Names names)
    : model_(ask.model),
      logprobs_(ask.logprobs),
      n_(ask.n),
      shape_(shape),
      names_(names),
      explain_(ask.explain),
      told_(ask.prompts.size() * ask.n),
      finished_(ask.prompts.size() * ask.n) {
  for (const AskedPrompt& prompt : ask.prompts) prompts_.push_back(prompt.ids);
}

json::object OpenAiDialect::Whole(const AnswerHead& head, const std::vector<ChoiceResult>& results,
                                  const Ledger& ledger) {
  head_ = head;
  json::object answer{{"id", std::string(names_.id_prefix) + head.id},
                      {"object", names_.object},
                      {"created", head.created},
                      {"model", head.model}};
  json::array choices;
  for (size_t i = 0; i < results.size(); ++i) {
    json::object choice = WholeChoice(i, results[i]);
    choice["finish_reason"] = FinishOf(results[i]);
    AddTraces(results[i].tokens, choice);
    if (shape_.token_ids) {
      choice["prompt_token_ids"] = Ids(prompts_[i / n_]);
      choice["token_ids"] = Ids(results[i].ids);
    }
    choice["index"] = i;
    choices.push_back(std::move(choice));
  }
  answer["choices"] = std::move(choices);
  answer["usage"] = OpenAiUsage(ledger);
  answer["sheepop"] = ledger.sheepop;
  return answer;
}

std::string OpenAiDialect::Begin(const AnswerHead& head) {
  head_ = head;
  std::string events;
  for (size_t i = 0; i < told_.size(); ++i) {
    json::object members = Opening(i);
    if (members.empty() && shape_.token_ids) members = Silence();
    if (members.empty()) continue;
    if (shape_.token_ids) members["prompt_token_ids"] = Ids(prompts_[i / n_]);
    events += Event(Chunk(i, std::move(members)));
  }
  return events;
}

std::string OpenAiDialect::OnPiece(const Piece& piece) {
  told_[piece.choice] += piece.tokens.size();
  std::vector<json::object> deltas = Deltas(piece, logprobs_ || explain_ || shape_.token_ids);
  if (deltas.empty()) return "";
  AddTraces(piece.tokens, deltas.front());
  if (shape_.token_ids) {
    json::array ids;
    for (const TokenRecord& token : piece.tokens) ids.push_back(token.id);
    deltas.front()["token_ids"] = std::move(ids);
  }
  std::string events;
  for (json::object& members : deltas) events += Event(Chunk(piece.choice, std::move(members)));
  return events;
}

std::string OpenAiDialect::OnFinish(size_t choice, const ChoiceResult& result) {
  json::object members = Silence();
  members["finish_reason"] = FinishOf(result);
  if (shape_.token_ids) {  // an end token, those that a stop string took back
    members["token_ids"] = Ids(std::span(result.ids).subspan(std::min(told_[choice], result.ids.size())));
  }
  told_[choice] = result.ids.size();
  finished_[choice] = true;
  json::object chunk = Chunk(choice, std::move(members));
  const bool last = std::ranges::find(finished_, false) == finished_.end();
  if (!last || shape_.include_usage) return Event(chunk);
  last_ = std::move(chunk);
  return "";
}

std::string OpenAiDialect::End(const Ledger& ledger) {
  json::object chunk = std::move(last_);
  if (shape_.include_usage) {
    chunk = Chunk();
    chunk["usage"] = OpenAiUsage(ledger);
  }
  chunk["sheepop"] = ledger.sheepop;
  return Event(chunk) + "data: [DONE]\n\n";
}

std::string OpenAiDialect::Beat(size_t computed, size_t prompt) {
  const auto open = std::ranges::find(finished_, false);
  if (open == finished_.end()) return "";  // the end is on its way
  json::object chunk = Chunk(static_cast<size_t>(open - finished_.begin()), Silence());
  json::object progress{{"computed", computed}, {"prompt", prompt}};
  chunk["sheepop"] = json::object({{"progress", std::move(progress)}});
  return Event(chunk);
}

std::string OpenAiDialect::Failure(const ApiProblem& problem) { return Event(OpenAiError(problem)); }

// Where an answer was interrupted or failed, that.
std::string_view OpenAiDialect::FinishOf(const ChoiceResult& result) const {
  if (result.reason == FinishReason::kContext) return Name(FinishReason::kLength);
  if (result.reason == FinishReason::kStop && HasCalls(result))
    return shape_.functions ? "function_call" : "tool_calls";
  return Name(result.reason);
}

void OpenAiDialect::AddTraces(const std::vector<TokenRecord>& tokens, json::object& members) const {
  if (explain_) members["sheepop"] = json::object({{"tokens", TraceEntries(tokens, *model_)}});
}

json::object OpenAiDialect::Chunk(size_t choice, json::object members) const {
  json::object chunk = Chunk();
  members["index"] = choice;
  chunk["choices"].as_array().push_back(std::move(members));
  return chunk;
}

json::object OpenAiDialect::Chunk() const {
  json::object chunk{{"id", std::string(names_.id_prefix) + head_.id},
                     {"object", names_.chunk},
                     {"created", head_.created},
                     {"model", head_.model}};
  chunk["choices"] = json::array();
  if (shape_.continuous_usage) {
    size_t prompt = 0;
    for (const std::vector<Token>& ids : prompts_) prompt += ids.size();
    chunk["usage"] = Counts(prompt, std::accumulate(told_.begin(), told_.end(), size_t{0}));
  } else if (shape_.include_usage) {
    chunk["usage"] = nullptr;
  }
  return chunk;
}

}  // namespace sheepop
