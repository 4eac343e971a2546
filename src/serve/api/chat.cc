#include "serve/api/chat.h"

#include <fmt/core.h>

#include <boost/json/value.hpp>
#include <utility>

#include "serve/api/conversation_ask.h"
#include "serve/api/openai_fields.h"
#include "serve/api/openai_stream.h"
#include "serve/api/token_records.h"
#include "serve/api/tools.h"

namespace sheepop {
namespace {

namespace json = boost::json;

class ChatDialect final : public OpenAiDialect {
 public:
  ChatDialect(const Ask& ask, const OpenAiShape& shape)
      : OpenAiDialect(ask, shape, {"chatcmpl-", "chat.completion", "chat.completion.chunk"}),
        reads_tools_(ask.reading && ask.reading->reads_tools) {}

 private:
  json::object WholeChoice(size_t choice, const ChoiceResult& result) override {
    json::object message{{"role", "assistant"}, {"content", nullptr}, {"refusal", nullptr}};
    const std::string text = TextOf(result, AnswerDelta::kText), thoughts = TextOf(result, AnswerDelta::kThinking);
    if (!text.empty() || !HasCalls(result)) message["content"] = text;
    if (!thoughts.empty()) AddThoughts(thoughts, message);
    json::array calls;
    for (const AnswerPart& part : result.parts) {
      if (part.kind != AnswerDelta::kCallBegin) continue;
      calls.push_back({{"id", CallId("call_", head(), choice, calls.size(), part.id)},
                       {"type", "function"},
                       {"function", {{"name", part.name}, {"arguments", part.text}}}});
    }
    if (!calls.empty() && shape().functions) {
      message["function_call"] = calls.front().at("function");
    } else if (!calls.empty()) {
      message["tool_calls"] = std::move(calls);
    }
    return {{"message", std::move(message)}, {"logprobs", Logprobs(result.tokens)}};
  }

  // What the helpers of clients add to no content is the content.
  json::object Opening(size_t) override {
    json::object delta{{"role", "assistant"}, {"content", ""}};
    if (reads_tools_) delta["content"] = nullptr;
    return Choice(std::move(delta), nullptr);
  }

  std::vector<json::object> Deltas(const Piece& piece, bool even_none) override {
    std::vector<json::object> members;
    for (const AnswerDelta& delta : piece.deltas) {
      if (delta.kind != AnswerDelta::kCallEnd) members.push_back(Choice(DeltaOf(piece.choice, delta), nullptr));
    }
    if (members.empty() && even_none) members.push_back(Choice(json::object({{"content", ""}}), nullptr));
    if (!members.empty()) members.front()["logprobs"] = Logprobs(piece.tokens);
    return members;
  }

  json::object Silence() override { return Choice({}, nullptr); }

  json::object DeltaOf(size_t choice, const AnswerDelta& delta) const {
    json::object out;
    if (delta.kind == AnswerDelta::kText) {
      out["content"] = delta.text;
    } else if (delta.kind == AnswerDelta::kThinking) {
      AddThoughts(delta.text, out);
    } else {
      const bool begins = delta.kind == AnswerDelta::kCallBegin;
      json::object function;
      if (begins) function["name"] = delta.text;
      function["arguments"] = begins ? "" : delta.text;
      if (shape().functions) {
        out["function_call"] = std::move(function);
        return out;
      }
      json::object call{{"index", delta.call}};
      if (begins) call["id"] = CallId("call_", head(), choice, delta.call, delta.id);
      if (begins) call["type"] = "function";
      call["function"] = std::move(function);
      out["tool_calls"] = {std::move(call)};
    }
    return out;
  }

  // Under both names that clients read.
  static void AddThoughts(const std::string& text, json::object& to) {
    to["reasoning_content"] = text;
    to["reasoning"] = text;
  }

  static json::object Choice(json::object delta, json::value logprobs) {
    return {{"delta", std::move(delta)}, {"logprobs", std::move(logprobs)}, {"finish_reason", nullptr}};
  }

  json::value Logprobs(const std::vector<TokenRecord>& tokens) const {
    if (!logprobs_) return nullptr;
    return json::object({{"content", LogprobEntries(tokens, *model_)}, {"refusal", nullptr}});
  }

  const bool reads_tools_;
};

void ReadLogprobs(Fields& fields, Ask& ask) {
  const bool logprobs = fields.Bool("logprobs").value_or(false);
  const std::optional<int64_t> top = fields.Integer("top_logprobs", Between(0, 20));
  if (top && !logprobs) fields.Refuse("top_logprobs", "is given, but logprobs is not true");
  if (logprobs) ask.logprobs = static_cast<size_t>(top.value_or(0));
}

ConversationAsk ReadConversation(Fields& fields, const RequestContext& context, Ask& ask) {
  ConversationAsk conversation;
  const json::array* const messages = fields.Array("messages");
  if (!messages) fields.Refuse("messages", "is missing, must be a list of messages");
  conversation.messages = ReadMessages(*messages, fields.Path("messages"), context.unknown, ask.unused);
  conversation.continue_final = fields.Bool("continue_final_message").value_or(false);
  conversation.add_generation_prompt = fields.Bool("add_generation_prompt").value_or(!conversation.continue_final);
  ReadTemplateVariables(fields, *ask.model, conversation, ask.unused);
  ReadThinking(fields, context.unknown, conversation, ask);
  return conversation;
}

}  // namespace

Parsed ParseChat(const json::object& body, const RequestContext& context) {
  Fields fields(body);
  Ask ask;
  OpenAiShape shape = ReadOpenAiFields(fields, context, ask);
  const ToolsAsk tools = ReadTools(fields, ToolsApi::kChat, context.unknown, ask.unused);
  shape.functions = tools.functions;
  if (const auto most = ReadMaxTokens(fields, {"max_completion_tokens", "max_tokens"})) ask.options.max_tokens = *most;
  ReadLogprobs(fields, ask);
  ConversationAsk conversation = ReadConversation(fields, context, ask);
  fields.Finish(context.unknown, ask.unused);
  AskConversation(std::move(conversation), tools, context.now, ask);
  auto dialect = std::make_unique<ChatDialect>(ask, shape);
  return {std::move(ask), std::move(dialect)};
}

}  // namespace sheepop
