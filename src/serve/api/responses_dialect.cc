#include "serve/api/responses_dialect.h"

#include <fmt/core.h>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <optional>
#include <span>
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
          {"output_tokens_details", {{"reasoning_tokens", ledger.thinking}}},
          {"total_tokens", ledger.prompt_tokens + ledger.written}};
}

using Kind = AnswerDelta::Kind;

class ResponsesDialect final : public Dialect {
 public:
  ResponsesDialect(json::object echo, const Ask& ask)
      : echo_(std::move(echo)),
        model_(ask.model),
        logprobs_(ask.logprobs.has_value()),
        explain_(ask.explain),
        plain_(!ask.reading->reads_tools && !ask.model->format->thinking()) {}

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
    if (plain_) Open({.kind = Kind::kText, .text = ""}, events);
    return events;
  }

  std::string OnPiece(const Piece& piece) override {
    std::string events;
    json::object last;  // waits for what is to be added to it
    for (const AnswerDelta& delta : piece.deltas) {
      if (delta.kind == Kind::kCallEnd) continue;
      if (!last.empty()) events += Next(std::exchange(last, {}));
      const bool text = delta.kind == Kind::kText || delta.kind == Kind::kThinking;
      if (delta.kind == Kind::kCallBegin) {
        Open({.kind = delta.kind, .text = "", .name = delta.text, .id = delta.id}, events);
      } else if (text && (!open_ || open_->kind != delta.kind)) {
        Open({.kind = delta.kind, .text = ""}, events);
      }
      if (delta.kind == Kind::kCallBegin) continue;
      open_->text += delta.text;
      last = Delta(delta.text);
    }
    if (logprobs_ || explain_) untold_.insert(untold_.end(), piece.tokens.begin(), piece.tokens.end());
    if (!open_ || untold_.empty()) return last.empty() ? events : events + Next(std::move(last));
    if (last.empty()) last = Delta("");
    if (open_->kind == Kind::kText) last["logprobs"] = Logprobs(untold_);
    AddTraces(untold_, last);
    tokens_.insert(tokens_.end(), untold_.begin(), untold_.end());
    untold_.clear();
    return events + Next(std::move(last));
  }

  std::string OnFinish(size_t, const ChoiceResult& result) override {
    std::string events;
    if (!open_) {
      Open({.kind = Kind::kText, .text = ""}, events);
      events += OnPiece({});
    }
    status_ = StatusOf(result.reason);
    Close(status_, events);
    return events;
  }

  std::string End(const Ledger& ledger) override {
    return LifecycleEvent("response." + std::string(status_), Final(ledger));
  }

  // Before the first item there is nothing that a second response.in_progress could take back.
  std::string Beat(size_t computed, size_t prompt) override {
    json::object beat{{"type", "response.in_progress"}, {"response", Response("in_progress", {})}};
    if (open_) beat = Delta("");
    beat["sheepop"] = {{"progress", {{"computed", computed}, {"prompt", prompt}}}};
    return Next(std::move(beat));
  }

  // May be asked for beforehand: leaves the stream as it is.
  std::string Failure(const ApiProblem& problem) override {
    const int64_t sequence = sequence_;
    std::string events;
    if (begun_) {
      json::array output = output_;
      if (open_) output.push_back(Item(*open_, output.size(), "incomplete", {}));
      json::object response = Response("failed", std::move(output));
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

  static bool IsCall(const AnswerPart& part) { return part.kind == Kind::kCallBegin; }

  std::string ItemId(const AnswerPart& part, size_t index) const {
    const std::string_view prefix = IsCall(part) ? "fc_" : part.kind == Kind::kThinking ? "rs_" : "msg_";
    return fmt::format("{}{}{}", prefix, head_.id, index == 0 ? "" : fmt::format("_{}", index));
  }

  json::object Item(const AnswerPart& part, size_t index, std::string_view status,
                    std::span<const TokenRecord> tokens) {
    const std::string_view type = IsCall(part)                   ? "function_call"
                                  : part.kind == Kind::kThinking ? "reasoning"
                                                                 : "message";
    json::object item{{"id", ItemId(part, index)}, {"type", type}, {"status", status}};
    if (IsCall(part)) {
      item["call_id"] = CallId("call_", head_, 0, index, part.id);
      item["name"] = part.name;
      item["arguments"] = part.text;
      AddTraces(tokens, item);
    } else if (part.kind == Kind::kThinking) {
      item["summary"] = json::array();
      item["content"] = {Part(part, tokens)};
    } else {
      item["role"] = "assistant";
      item["content"] = {Part(part, tokens)};
    }
    return item;
  }

  json::object Part(const AnswerPart& part, std::span<const TokenRecord> tokens) const {
    json::object content{{"type", "reasoning_text"}, {"text", part.text}};
    if (part.kind == Kind::kText) {
      content = {
          {"type", "output_text"}, {"text", part.text}, {"annotations", json::array()}, {"logprobs", Logprobs(tokens)}};
    }
    AddTraces(tokens, content);
    return content;
  }

  // An event of the item that is open; of a text, of its only part.
  json::object OfItem(std::string_view type, json::object members) const {
    json::object event{{"type", type}, {"item_id", ItemId(*open_, output_.size())}, {"output_index", output_.size()}};
    if (!IsCall(*open_)) event["content_index"] = 0;
    for (auto& member : members) event.emplace(member.key(), std::move(member.value()));
    return event;
  }

  // "response.output_text", whose .delta and .done there are.
  std::string_view Stem() const {
    return IsCall(*open_)                   ? "response.function_call_arguments"
           : open_->kind == Kind::kThinking ? "response.reasoning_text"
                                            : "response.output_text";
  }

  json::object Delta(std::string_view text) const {
    json::object members{{"delta", text}};
    if (open_->kind == Kind::kText) members["logprobs"] = json::array();
    return OfItem(fmt::format("{}.delta", Stem()), std::move(members));
  }

  // Begins an item, and ends the one that is open.
  void Open(AnswerPart part, std::string& events) {
    if (open_) Close("completed", events);
    open_ = std::move(part);
    tokens_.clear();
    json::object item = Item(*open_, output_.size(), "in_progress", {});
    if (!IsCall(*open_)) item["content"] = json::array();
    events +=
        Next({{"type", "response.output_item.added"}, {"output_index", output_.size()}, {"item", std::move(item)}});
    if (!IsCall(*open_)) events += Next(OfItem("response.content_part.added", {{"part", Part(*open_, {})}}));
  }

  void Close(std::string_view status, std::string& events) {
    json::object whole{{IsCall(*open_) ? "arguments" : "text", open_->text}};
    if (IsCall(*open_)) whole["name"] = open_->name;
    if (open_->kind == Kind::kText) whole["logprobs"] = Logprobs(tokens_);
    events += Next(OfItem(fmt::format("{}.done", Stem()), std::move(whole)));
    if (!IsCall(*open_)) events += Next(OfItem("response.content_part.done", {{"part", Part(*open_, tokens_)}}));
    json::object item = Item(*open_, output_.size(), status, tokens_);
    events += Next({{"type", "response.output_item.done"}, {"output_index", output_.size()}, {"item", item}});
    output_.push_back(std::move(item));
    open_.reset();
  }

  json::array Logprobs(std::span<const TokenRecord> tokens) const {
    return logprobs_ ? LogprobEntries(tokens, *model_) : json::array();
  }

  void AddTraces(std::span<const TokenRecord> tokens, json::object& to) const {
    if (explain_) to["sheepop"] = {{"tokens", TraceEntries(tokens, *model_)}};
  }

  void Keep(const ChoiceResult& result) {
    status_ = StatusOf(result.reason);
    for (size_t i = 0; i < result.parts.size(); ++i) {
      const bool last = i + 1 == result.parts.size();
      output_.push_back(Item(result.parts[i], i, last ? status_ : "completed", TokensOf(result, i)));
    }
    if (output_.empty()) output_.push_back(Item({.kind = Kind::kText, .text = ""}, 0, status_, result.tokens));
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
  const bool plain_;  // the answer is one text
  AnswerHead head_;
  bool begun_ = false;
  int64_t sequence_ = 0;
  std::optional<AnswerPart> open_;   // the item that was begun last, as far as it was sent
  std::vector<TokenRecord> tokens_;  // of it, where they are told
  std::vector<TokenRecord> untold_;  // whose log-probabilities and traces have no event yet
  std::string_view status_ = "in_progress";
  json::array output_;  // items that are whole
};

}  // namespace

std::unique_ptr<Dialect> MakeResponsesDialect(json::object echo, const Ask& ask) {
  return std::make_unique<ResponsesDialect>(std::move(echo), ask);
}

}  // namespace sheepop
