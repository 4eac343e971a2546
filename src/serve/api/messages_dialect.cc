#include "serve/api/messages_dialect.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "serve/api/token_records.h"

namespace sheepop {
namespace {

namespace json = boost::json;

std::string_view StopReasonOf(const ChoiceResult& result) {
  if (result.reason == FinishReason::kLength) return "max_tokens";
  if (result.reason == FinishReason::kContext) return "model_context_window_exceeded";
  if (HasCalls(result)) return "tool_use";
  return result.stop ? "stop_sequence" : "end_turn";
}

// The model may have written its arguments as no JSON, where no grammar held it.
json::object InputOf(const AnswerPart& call) {
  try {
    return ParseJsonObject(call.text, "arguments");
  } catch (const Error&) {
    return {{"arguments", call.text}};
  }
}

json::object UsageOf(size_t input, size_t read, size_t output) {
  return {{"input_tokens", input},
          // Nothing is written to the cache for good: blocks stay findable as long as there is room.
          {"cache_creation_input_tokens", 0},
          {"cache_read_input_tokens", read},
          {"output_tokens", output},
          {"service_tier", "standard"}};
}

json::object UsageOf(const Ledger& ledger) {
  return UsageOf(ledger.prompt_tokens - ledger.reused, ledger.reused, ledger.written);
}

json::object Named(std::string_view type) { return {{"type", type}}; }

class MessagesDialect final : public Dialect {
 public:
  explicit MessagesDialect(const Ask& ask)
      : model_(ask.model), explain_(ask.explain), plain_(IsPlain(ask)), prompt_(ask.prompts.at(0).ids.size()) {}

  json::object Whole(const AnswerHead& head, const std::vector<ChoiceResult>& results, const Ledger& ledger) override {
    head_ = head;
    const ChoiceResult& result = results.at(0);
    json::array content;
    for (size_t i = 0; i < result.parts.size(); ++i) {
      json::object block = WholeBlock(result.parts[i]);
      AddTraces(TokensOf(result, i), block);
      content.push_back(std::move(block));
    }
    if (content.empty()) {
      json::object block{{"type", "text"}, {"text", ""}};
      AddTraces(result.tokens, block);
      content.push_back(std::move(block));
    }
    json::object message = Message(head, std::move(content));
    message["stop_reason"] = StopReasonOf(result);
    message["stop_sequence"] = StopSequenceOf(result);
    message["usage"] = UsageOf(ledger);
    message["sheepop"] = ledger.sheepop;
    return message;
  }

  std::string Begin(const AnswerHead& head) override {
    head_ = head;
    json::object start = Named("message_start");
    start["message"] = Message(head, {});
    std::string events = Said(start);
    if (plain_) Open(AnswerDelta::kText, {{"type", "text"}, {"text", ""}}, events);
    return events;
  }

  std::string OnPiece(const Piece& piece) override {
    std::string events;
    json::object last;  // waits for what is to be added to it
    for (const AnswerDelta& delta : piece.deltas) {
      if (delta.kind == AnswerDelta::kCallEnd) continue;
      if (!last.empty()) events += Said(std::exchange(last, {}));
      if (delta.kind == AnswerDelta::kCallBegin) {
        Open(delta.kind, CallBlock(delta.text, delta.id), events);
      } else {
        if (delta.kind != AnswerDelta::kCallArguments) OpenText(delta.kind, events);
        last = DeltaOf(delta.text);
      }
    }
    if (!explain_) return last.empty() ? events : events + Said(last);
    untold_.insert(untold_.end(), piece.tokens.begin(), piece.tokens.end());
    if (!open_ || untold_.empty()) return last.empty() ? events : events + Said(last);
    if (last.empty()) last = DeltaOf("");
    AddTraces(std::exchange(untold_, {}), last);
    return events + Said(last);
  }

  std::string OnFinish(size_t, const ChoiceResult& result) override {
    delta_ = {{"stop_reason", StopReasonOf(result)}, {"stop_sequence", StopSequenceOf(result)}};
    std::string events;
    if (!open_) {
      OpenText(AnswerDelta::kText, events);
      events += OnPiece({});
    }
    Close(events);
    return events;
  }

  std::string End(const Ledger& ledger) override {
    json::object delta = Named("message_delta");
    delta["delta"] = std::move(delta_);
    delta["usage"] = UsageOf(ledger);
    delta["sheepop"] = ledger.sheepop;
    return Said(delta) + Said(Named("message_stop"));
  }

  std::string Beat(size_t computed, size_t prompt) override {
    json::object ping = Named("ping");
    ping["sheepop"] = {{"progress", {{"computed", computed}, {"prompt", prompt}}}};
    return Said(ping);
  }

  std::string Failure(const ApiProblem& problem) override { return Said(AnthropicError(problem)); }

 private:
  static std::string Said(const json::object& event) { return Event(event, event.at("type").get_string()); }

  static bool IsPlain(const Ask& ask) { return !ask.reading->reads_tools && !ask.model->format->thinking(); }

  json::object Block(std::string_view type) const { return {{"type", type}, {"index", index_}}; }

  // Begins a block, and ends the one that is open.
  void Open(AnswerDelta::Kind kind, json::object content, std::string& events) {
    if (open_) {
      Close(events);
      ++index_;
    }
    json::object block = Block("content_block_start");
    block["content_block"] = std::move(content);
    events += Said(block);
    open_ = kind;
  }

  void OpenText(AnswerDelta::Kind kind, std::string& events) {
    if (open_ == kind) return;
    const bool thinks = kind == AnswerDelta::kThinking;
    Open(kind,
         thinks ? json::object{{"type", "thinking"}, {"thinking", ""}, {"signature", ""}}
                : json::object{{"type", "text"}, {"text", ""}},
         events);
  }

  void Close(std::string& events) {
    if (open_ == AnswerDelta::kThinking) {
      json::object block = Block("content_block_delta");
      block["delta"] = {{"type", "signature_delta"}, {"signature", head_.id}};
      events += Said(block);
    }
    events += Said(Block("content_block_stop"));
  }

  // Of the block that is open.
  json::object DeltaOf(std::string_view text) const {
    json::object block = Block("content_block_delta");
    if (open_ == AnswerDelta::kThinking) {
      block["delta"] = {{"type", "thinking_delta"}, {"thinking", text}};
    } else if (open_ == AnswerDelta::kCallBegin) {
      block["delta"] = {{"type", "input_json_delta"}, {"partial_json", text}};
    } else {
      block["delta"] = {{"type", "text_delta"}, {"text", text}};
    }
    return block;
  }

  json::object CallBlock(std::string_view name, const std::string& id) {
    return {{"type", "tool_use"},
            {"id", CallId("toolu_", head_, 0, calls_++, id)},
            {"name", name},
            {"input", json::object()}};
  }

  json::object WholeBlock(const AnswerPart& part) {
    if (part.kind == AnswerDelta::kThinking) {
      return {{"type", "thinking"}, {"thinking", part.text}, {"signature", head_.id}};
    }
    if (part.kind != AnswerDelta::kCallBegin) return {{"type", "text"}, {"text", part.text}};
    json::object block = CallBlock(part.name, part.id);
    block["input"] = InputOf(part);
    return block;
  }

  void AddTraces(std::span<const TokenRecord> tokens, json::object& to) const {
    if (explain_) to["sheepop"] = {{"tokens", TraceEntries(tokens, *model_)}};
  }

  static json::value StopSequenceOf(const ChoiceResult& result) {
    return result.stop ? json::value(*result.stop) : json::value(nullptr);
  }

  // What may be left out is left out where it is nothing: there are clients that take such a null for a fault.
  json::object Message(const AnswerHead& head, json::array content) const {
    return {{"id", "msg_" + head.id},        {"type", "message"},
            {"role", "assistant"},           {"model", head.model},
            {"content", std::move(content)}, {"stop_reason", nullptr},
            {"stop_sequence", nullptr},      {"usage", UsageOf(prompt_, 0, 0)}};
  }

  const std::shared_ptr<const ServedModel> model_;
  const bool explain_;
  const bool plain_;     // the answer is one text
  const size_t prompt_;  // tokens
  AnswerHead head_;
  std::optional<AnswerDelta::Kind> open_;  // what the block is that was begun last
  size_t index_ = 0, calls_ = 0;
  std::vector<TokenRecord> untold_;  // whose traces have no event yet
  json::object delta_;
};

}  // namespace

std::unique_ptr<Dialect> MakeMessagesDialect(const Ask& ask) { return std::make_unique<MessagesDialect>(ask); }

}  // namespace sheepop
