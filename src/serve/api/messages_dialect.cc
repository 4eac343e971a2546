#include "serve/api/messages_dialect.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "serve/api/token_records.h"

namespace sheepop {
namespace {

namespace json = boost::json;

std::string_view StopReasonOf(const ChoiceResult& result) {
  switch (result.reason) {
    case FinishReason::kLength: return "max_tokens";
    case FinishReason::kContext: return "model_context_window_exceeded";
    default: return result.stop ? "stop_sequence" : "end_turn";
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
      : model_(ask.model), explain_(ask.explain), prompt_(ask.prompts.at(0).ids.size()) {}

  json::object Whole(const AnswerHead& head, const std::vector<ChoiceResult>& results, const Ledger& ledger) override {
    const ChoiceResult& result = results.at(0);
    json::object block{{"type", "text"}, {"text", result.text}};
    AddTraces(result.tokens, block);
    json::object message = Message(head, {std::move(block)});
    message["stop_reason"] = StopReasonOf(result);
    message["stop_sequence"] = StopSequenceOf(result);
    message["usage"] = UsageOf(ledger);
    message["sheepop"] = ledger.sheepop;
    return message;
  }

  std::string Begin(const AnswerHead& head) override {
    json::object start = Named("message_start");
    start["message"] = Message(head, {});
    json::object block = Block("content_block_start");
    block["content_block"] = {{"type", "text"}, {"text", ""}};
    return Said(start) + Said(block);
  }

  std::string OnPiece(const Piece& piece) override {
    if (piece.text.empty() && !explain_) return {};
    json::object block = Block("content_block_delta");
    block["delta"] = {{"type", "text_delta"}, {"text", piece.text}};
    AddTraces(piece.tokens, block);
    return Said(block);
  }

  std::string OnFinish(size_t, const ChoiceResult& result) override {
    delta_ = {{"stop_reason", StopReasonOf(result)}, {"stop_sequence", StopSequenceOf(result)}};
    return Said(Block("content_block_stop"));
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

  static json::object Block(std::string_view type) { return {{"type", type}, {"index", 0}}; }

  void AddTraces(const std::vector<TokenRecord>& tokens, json::object& to) const {
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
  const size_t prompt_;  // tokens
  json::object delta_;
};

}  // namespace

std::unique_ptr<Dialect> MakeMessagesDialect(const Ask& ask) { return std::make_unique<MessagesDialect>(ask); }

}  // namespace sheepop
