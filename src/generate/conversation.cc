#include "generate/conversation.h"

#include <boost/json/value.hpp>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenize/chat_prompt.h"
#include "tokenize/template_source.h"

namespace sheepop {
namespace {

void RequireUtf8(std::string_view text, std::string_view what) {
  if (IsValidUtf8(text)) return;
  throw Error(ErrorCategory::kInvalidArgument, "{} is not UTF-8; set the terminal or the file to that encoding", what);
}

}  // namespace

Conversation::Conversation(const LoadedModel& loaded, ChatTemplate chat, ConversationOptions options, ThreadPool& pool)
    : loaded_(loaded),
      chat_(std::move(chat)),
      format_(ChatFormat::Of(chat_, *loaded.tokenizer)),
      options_(std::move(options)),
      request_(MakeRequest(loaded, options_.answer, {})),
      engine_(loaded.model, options_.engine, pool) {
  Reset(options_.system);
}

void Conversation::Reset(std::optional<std::string> system) {
  if (system) RequireUtf8(*system, "the system prompt");
  system_ = std::move(system);
  messages_.clear();
  if (system_) Add("system", *system_);
}

void Conversation::Add(std::string_view role, std::string_view content, std::string_view thoughts) {
  boost::json::object message = {{"role", role}, {"content", content}};
  if (!thoughts.empty() && !format_.thought_field().empty()) message[format_.thought_field()] = thoughts;
  messages_.push_back(std::move(message));
}

ChatPrompt Conversation::Render(std::vector<Warning>& warnings) const {
  const std::time_t now = TemplateClock();
  boost::json::object variables = options_.variables;
  variables["messages"] = messages_;
  variables["add_generation_prompt"] = true;
  ChatPrompt prompt =
      RenderedOrRefused(messages_, [&] { return EncodeChat(chat_, *loaded_.tokenizer, variables, now); });
  if (prompt.ids.empty()) {
    throw Error(ErrorCategory::kUnsupported,
                "the chat template writes nothing of this conversation; give another one with --template");
  }
  for (const size_t i : Dropped(prompt, messages_)) {
    warnings.push_back(DroppedWarning(i, std::string_view(messages_[i].at("role").get_string())));
  }
  warnings.insert(warnings.end(), prompt.warnings.begin(), prompt.warnings.end());
  return prompt;
}

Answer Conversation::Ask(std::string_view text, const std::function<bool()>& interrupted,
                         const std::function<void(std::string_view)>& on_text,
                         const std::function<void(std::string_view)>& on_thoughts) {
  RequireUtf8(text, "the message");
  Answer answer;
  std::optional<ChatFormat::Reader> reader;
  const auto take = [&](const std::vector<AnswerDelta>& deltas) {
    for (const AnswerDelta& delta : deltas) {
      const bool thought = delta.kind == AnswerDelta::kThinking;
      (thought ? answer.thoughts : answer.text) += delta.text;
      if (const auto& on = thought ? on_thoughts : on_text) on(delta.text);
    }
  };
  TextListener::Options listening = ListenerOptions(options_.answer);
  listening.shows = [&](Token token) { return format_.IsMark(token); };
  listening.on_text = [&](std::string_view piece) {
    take(reader->Add(piece));
    return Next::kContinue;
  };
  TextListener listener(*loaded_.model, *loaded_.tokenizer, std::move(listening));
  const size_t before = messages_.size();
  Add("user", text);
  std::optional<RequestId> running;
  try {
    ChatPrompt prompt = Render(answer.warnings);
    answer.prompt = std::move(prompt.ids);
    reader.emplace(format_, boost::json::array(), false, format_.InThoughts(prompt.text));
    Request request = request_;
    request.prompt = answer.prompt;
    Listener* listeners[] = {&listener};
    running = engine_.Submit(std::move(request), listeners);
    while (engine_.Step()) {
      if (interrupted && interrupted()) engine_.Cancel(*running);
    }
    take(reader->End());
    const Finish& finish = listener.finish().value();
    finish.Check();
    answer.finish_reason = finish.reason;
    if (finish.usage.clipped) answer.warnings.push_back(ClippedWarning());
    answer.reused = finish.usage.reused;
    answer.prefill_s = finish.usage.prefill_s();
    answer.decode_s = finish.usage.decode_s();
    answer.ids = listener.ids();
    if (answer.ids.empty()) {
      messages_.resize(before);
    } else {
      Add("assistant", answer.text, answer.thoughts);
    }
    return answer;
  } catch (...) {
    messages_.resize(before);
    if (running) engine_.Cancel(*running);  // it would go on with a listener that is gone
    throw;
  }
}

}  // namespace sheepop
