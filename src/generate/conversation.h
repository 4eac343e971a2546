// A conversation with a model: its messages, and the answers to them. Every turn renders the whole conversation; what
// the engine's cache holds of it already is not computed again.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "base/warning.h"
#include "generate/chat_format.h"
#include "generate/request.h"
#include "tokenize/chat_prompt.h"
#include "tokenize/chat_template.h"

namespace sheepop {

struct ConversationOptions {
  std::optional<std::string> system;
  EngineOptions engine;
  RequestOptions answer;          // every answer is asked for with these, and with one seed
  boost::json::object variables;  // of the template, besides the messages
};

struct Answer {
  std::vector<Token> prompt;  // the conversation so far, as the model saw it
  size_t reused = 0;          // of these, found in the cache
  std::vector<Token> ids;
  std::string text;      // valid UTF-8
  std::string thoughts;  // that stood in front of it, where the template tells how the model marks them
  FinishReason finish_reason = FinishReason::kInterrupt;
  double prefill_s = 0, decode_s = 0;
  std::vector<Warning> warnings;  // of messages that the template drops
};

class Conversation {
 public:
  // `loaded` and `pool` must outlive the conversation.
  Conversation(const LoadedModel& loaded, ChatTemplate chat, ConversationOptions options, ThreadPool& pool);

  // Adds what the user says and the model's answer, which `on_text` receives as it is written, and `on_thoughts` what the
  // model thinks before; `interrupted`, asked
  // after each step, ends it early, and what was written until then stays. An answer that ended before its first token
  // leaves the conversation as it was, and so does an error: kInvalidArgument for bytes that are not UTF-8, kLimit when
  // the context is full, and what EncodeChat, the chain, `on_text` and `on_thoughts` throw.
  Answer Ask(std::string_view text, const std::function<bool()>& interrupted,
             const std::function<void(std::string_view)>& on_text,
             const std::function<void(std::string_view)>& on_thoughts = {});

  // Forgets all messages.
  void Reset() { Reset(system_); }
  void Reset(std::optional<std::string> system);

  const std::optional<std::string>& system() const { return system_; }
  size_t context() const { return engine_.context(); }
  uint64_t seed() const { return request_.seed; }

 private:
  ChatPrompt Render(std::vector<Warning>& warnings) const;
  void Add(std::string_view role, std::string_view content, std::string_view thoughts = {});

  const LoadedModel& loaded_;
  ChatTemplate chat_;
  ChatFormat format_;
  ConversationOptions options_;
  std::optional<std::string> system_;
  Request request_;  // without its prompt
  Engine engine_;
  boost::json::array messages_;
};

}  // namespace sheepop
