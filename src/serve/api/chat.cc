#include "serve/api/chat.h"

#include <fmt/core.h>

#include <boost/json/value.hpp>
#include <utility>

#include "serve/api/conversation.h"
#include "serve/api/openai_fields.h"
#include "serve/api/openai_stream.h"
#include "serve/api/token_records.h"

namespace sheepop {
namespace {

namespace json = boost::json;

class ChatDialect final : public OpenAiDialect {
 public:
  ChatDialect(const Ask& ask, const OpenAiShape& shape)
      : OpenAiDialect(ask, shape, {"chatcmpl-", "chat.completion", "chat.completion.chunk"}) {}

 private:
  json::object WholeChoice(size_t, const ChoiceResult& result) override {
    json::object message{{"role", "assistant"}, {"content", result.text}, {"refusal", nullptr}};
    return {{"message", std::move(message)}, {"logprobs", Logprobs(result.tokens)}};
  }

  json::object Opening(size_t) override { return Choice({{"role", "assistant"}, {"content", ""}}, nullptr); }

  json::object Delta(const Piece& piece) override {
    return Choice(json::object({{"content", piece.text}}), Logprobs(piece.tokens));
  }

  json::object Silence() override { return Choice({}, nullptr); }

  static json::object Choice(json::object delta, json::value logprobs) {
    return {{"delta", std::move(delta)}, {"logprobs", std::move(logprobs)}, {"finish_reason", nullptr}};
  }

  json::value Logprobs(const std::vector<TokenRecord>& tokens) const {
    if (!logprobs_) return nullptr;
    return json::object({{"content", LogprobEntries(tokens, *model_)}, {"refusal", nullptr}});
  }
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
  return conversation;
}

}  // namespace

Parsed ParseChat(const json::object& body, const RequestContext& context) {
  Fields fields(body);
  Ask ask;
  const OpenAiShape shape = ReadOpenAiFields(fields, context, ask);
  if (const auto most = ReadMaxTokens(fields, {"max_completion_tokens", "max_tokens"})) ask.options.max_tokens = *most;
  ReadLogprobs(fields, ask);
  const ConversationAsk conversation = ReadConversation(fields, context, ask);
  fields.Finish(context.unknown, ask.unused);
  ask.prompts.push_back(EncodeConversation(*ask.model, conversation, context.now));
  auto dialect = std::make_unique<ChatDialect>(ask, shape);
  return {std::move(ask), std::move(dialect)};
}

}  // namespace sheepop
