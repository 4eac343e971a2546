#include "generate/conversation.h"

#include <chrono>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenize/chat_prompt.h"
#include "tokenize/template_source.h"

namespace sheepop {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void RequireUtf8(std::string_view text, std::string_view what) {
  if (IsValidUtf8(text)) return;
  throw Error(ErrorCategory::kInvalidArgument, "{} is not UTF-8; set the terminal or the file to that encoding", what);
}

}  // namespace

Conversation::Conversation(const LoadedModel& loaded, ChatTemplate chat, ConversationOptions options, ThreadPool& pool)
    : loaded_(loaded),
      chat_(std::move(chat)),
      options_(std::move(options)),
      engine_(loaded.model, options_.engine, pool) {
  Reset(options_.system);
}

void Conversation::Reset(std::optional<std::string> system) {
  if (system) RequireUtf8(*system, "the system prompt");
  system_ = std::move(system);
  messages_.clear();
  if (system_) Add("system", *system_);
}

void Conversation::Add(std::string_view role, std::string_view content) {
  messages_.push_back(boost::json::object{{"role", role}, {"content", content}});
}

std::vector<Token> Conversation::Render() const {
  return EncodeChat(chat_, *loaded_.tokenizer, {{"messages", messages_}, {"add_generation_prompt", true}},
                    TemplateClock())
      .ids;
}

Answer Conversation::Ask(std::string_view text, const std::function<bool()>& interrupted,
                         const std::function<void(std::string_view)>& on_text) {
  RequireUtf8(text, "the message");
  TextListener::Options listening;
  listening.stops = options_.stops;
  listening.on_text = on_text;
  TextListener listener(*loaded_.model, *loaded_.tokenizer, std::move(listening));
  const size_t before = messages_.size();
  Add("user", text);
  std::optional<RequestId> running;
  try {
    Answer answer;
    answer.prompt = Render();
    const size_t reused = engine_.reused_tokens();
    const Clock::time_point start = Clock::now();
    running = Submit(answer.prompt, listener);
    while (engine_.Step()) {
      if (answer.prefill_s == 0 && !listener.ids().empty()) answer.prefill_s = SecondsSince(start);
      if (interrupted && interrupted()) engine_.Cancel(*running);
    }
    answer.decode_s = SecondsSince(start) - answer.prefill_s;
    answer.reused = engine_.reused_tokens() - reused;
    answer.ids = listener.ids();
    answer.text = listener.text();
    answer.finish_reason = listener.finish_reason().value_or(FinishReason::kInterrupt);
    if (answer.ids.empty()) {
      messages_.resize(before);
    } else {
      Add("assistant", answer.text);
    }
    return answer;
  } catch (...) {
    messages_.resize(before);
    if (running) engine_.Cancel(*running);  // it would go on with a listener that is gone
    throw;
  }
}

RequestId Conversation::Submit(const std::vector<Token>& prompt, TextListener& listener) {
  Request request;
  request.prompt = prompt;
  request.chain = options_.chain;
  request.seed = options_.seed;
  request.end_tokens = loaded_.tokenizer->special().end;
  request.max_tokens = options_.max_tokens;
  Listener* listeners[] = {&listener};
  return engine_.Submit(std::move(request), listeners);
}

}  // namespace sheepop
