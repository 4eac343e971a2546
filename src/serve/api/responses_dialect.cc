#include "serve/api/responses_dialect.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "serve/api/token_records.h"

namespace sheepop {
namespace {

namespace json = boost::json;

// An answer that was interrupted or failed is told of by Failure.
std::string_view StatusOf(FinishReason reason) { return reason == FinishReason::kStop ? "completed" : "incomplete"; }

json::object ErrorOf(const ApiProblem& problem) {
  const char* const code = problem.status == 429   ? "rate_limit_exceeded"
                           : problem.status == 400 ? "invalid_prompt"
                                                   : "server_error";
  return {{"code", code}, {"message", problem.message}};
}

json::object UsageOf(const Ledger& ledger) {
  return {{"input_tokens", ledger.prompt_tokens},
          // Nothing is written to the cache for good: blocks stay findable as long as there is room.
          {"input_tokens_details", {{"cached_tokens", ledger.reused}, {"cache_write_tokens", 0}}},
          {"output_tokens", ledger.written},
          {"output_tokens_details", {{"reasoning_tokens", 0}}},
          {"total_tokens", ledger.prompt_tokens + ledger.written}};
}

class ResponsesDialect final : public Dialect {
 public:
  ResponsesDialect(json::object echo, const Ask& ask)
      : echo_(std::move(echo)), model_(ask.model), logprobs_(ask.logprobs.has_value()), explain_(ask.explain) {}

  json::object Whole(const AnswerHead& head, const std::vector<ChoiceResult>& results, const Ledger& ledger) override {
    head_ = head;
    Keep(results.at(0));
    return Final(ledger);
  }

  std::string Begin(const AnswerHead& head) override {
    head_ = head;
    begun_ = true;
    std::string events = LifecycleEvent("response.created", Response("in_progress", {}));
    events += LifecycleEvent("response.in_progress", Response("in_progress", {}));
    events += Next({{"type", "response.output_item.added"}, {"output_index", 0}, {"item", Item("in_progress", {})}});
    return events += Next(OfPart("response.content_part.added", {{"part", Part("", {})}}));
  }

  std::string OnPiece(const Piece& piece) override {
    if (piece.text.empty() && !logprobs_ && !explain_) return {};
    text_ += piece.text;
    json::object delta = Delta(piece.text, Logprobs(piece.tokens));
    AddTraces(piece.tokens, delta);
    return Next(std::move(delta));
  }

  std::string OnFinish(size_t, const ChoiceResult& result) override {
    Keep(result);
    std::string events =
        Next(OfPart("response.output_text.done", {{"text", result.text}, {"logprobs", Logprobs(result.tokens)}}));
    events += Next(OfPart("response.content_part.done", {{"part", WholePart(result)}}));
    return events += Next({{"type", "response.output_item.done"}, {"output_index", 0}, {"item", output_.at(0)}});
  }

  std::string End(const Ledger& ledger) override {
    return LifecycleEvent("response." + std::string(status_), Final(ledger));
  }

  std::string Beat(size_t computed, size_t prompt) override {
    json::object delta = Delta("", {});
    delta["sheepop"] = {{"progress", {{"computed", computed}, {"prompt", prompt}}}};
    return Next(std::move(delta));
  }

  // May be asked for beforehand: leaves the stream as it is.
  std::string Failure(const ApiProblem& problem) override {
    const int64_t sequence = sequence_;
    std::string events;
    if (begun_) {
      json::object response = Response("failed", {Item("incomplete", {Part(text_, {})})});
      response["error"] = ErrorOf(problem);
      events = LifecycleEvent("response.failed", std::move(response));
    }
    events += ErrorEvent(problem);
    sequence_ = sequence;
    return events;
  }

 private:
  std::string Next(json::object event) {
    event["sequence_number"] = sequence_++;
    return Event(event, event.at("type").get_string());
  }

  std::string LifecycleEvent(std::string_view type, json::object response) {
    return Next({{"type", type}, {"response", std::move(response)}});
  }

  std::string ErrorEvent(const ApiProblem& problem) {
    json::object event = OpenAiError(problem);
    const json::object& error = event.at("error").get_object();
    json::object fields{{"type", "error"},
                        {"code", error.at("code")},
                        {"message", error.at("message")},
                        {"param", error.at("param")},
                        {"error", error}};
    return Next(std::move(fields));
  }

  json::object Delta(std::string_view text, json::array logprobs) const {
    return OfPart("response.output_text.delta", {{"delta", text}, {"logprobs", std::move(logprobs)}});
  }

  // An event of the only part of the only item.
  json::object OfPart(std::string_view type, json::object members) const {
    json::object event{{"type", type}, {"item_id", ItemId()}, {"output_index", 0}, {"content_index", 0}};
    for (auto& member : members) event.emplace(member.key(), std::move(member.value()));
    return event;
  }

  std::string ItemId() const { return "msg_" + head_.id; }

  json::object Item(std::string_view status, json::array content) const {
    return {{"id", ItemId()},
            {"type", "message"},
            {"status", status},
            {"role", "assistant"},
            {"content", std::move(content)}};
  }

  static json::object Part(std::string_view text, json::array logprobs) {
    return {{"type", "output_text"}, {"text", text}, {"annotations", json::array()}, {"logprobs", std::move(logprobs)}};
  }

  json::array Logprobs(const std::vector<TokenRecord>& tokens) const {
    return logprobs_ ? LogprobEntries(tokens, *model_) : json::array();
  }

  void AddTraces(const std::vector<TokenRecord>& tokens, json::object& to) const {
    if (explain_) to["sheepop"] = {{"tokens", TraceEntries(tokens, *model_)}};
  }

  json::object WholePart(const ChoiceResult& result) const {
    json::object part = Part(result.text, Logprobs(result.tokens));
    AddTraces(result.tokens, part);
    return part;
  }

  void Keep(const ChoiceResult& result) {
    status_ = StatusOf(result.reason);
    output_ = {Item(status_, {WholePart(result)})};
  }

  json::object Response(std::string_view status, json::array output) const {
    json::object response{{"id", "resp_" + head_.id}, {"object", "response"},       {"created_at", head_.created},
                          {"status", status},         {"error", nullptr},           {"incomplete_details", nullptr},
                          {"model", head_.model},     {"output", std::move(output)}};
    for (const auto& member : echo_) response[member.key()] = member.value();
    response["usage"] = nullptr;
    return response;
  }

  json::object Final(const Ledger& ledger) const {
    json::object response = Response(status_, output_);
    if (status_ == "completed") response["completed_at"] = head_.created + std::llround(ledger.total_s);
    if (status_ == "incomplete") response["incomplete_details"] = {{"reason", "max_output_tokens"}};
    response["usage"] = UsageOf(ledger);
    response["sheepop"] = ledger.sheepop;
    return response;
  }

  const json::object echo_;
  const std::shared_ptr<const ServedModel> model_;
  const bool logprobs_, explain_;
  AnswerHead head_;
  bool begun_ = false;
  int64_t sequence_ = 0;
  std::string text_;  // sent so far
  std::string_view status_ = "in_progress";
  json::array output_;
};

}  // namespace

std::unique_ptr<Dialect> MakeResponsesDialect(json::object echo, const Ask& ask) {
  return std::make_unique<ResponsesDialect>(std::move(echo), ask);
}

}  // namespace sheepop
