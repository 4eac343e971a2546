#include "data/chat_encoder.h"

#include <algorithm>
#include <boost/json/value.hpp>
#include <string>

#include "base/error.h"
#include "checkpoint/json.h"
#include "tokenize/chat_prompt.h"

namespace sheepop {
namespace {

namespace json = boost::json;

const json::array& MessagesOf(const json::object& conversation) {
  const json::value* messages = conversation.if_contains("messages");
  if (!messages || !messages->is_array() || messages->get_array().empty()) {
    throw Error(ErrorCategory::kCorrupt, "a conversation is an object with `messages`, an array of {{role, content}}");
  }
  for (const json::value& message : messages->get_array()) {
    const json::object* object = message.if_object();
    const json::value* role = object ? object->if_contains("role") : nullptr;
    if (!role || !role->is_string()) {
      throw Error(ErrorCategory::kCorrupt, "a message is an object with `role`, a string, and `content`");
    }
  }
  return messages->get_array();
}

bool IsAssistant(const json::value& message) { return message.at("role").as_string() == "assistant"; }

// What may not come from a stranger: the template's own tokens, and what this file sets itself.
void DropReserved(json::object& conversation) {
  std::vector<std::string> reserved = {"add_generation_prompt"};
  for (const auto& [key, value] : conversation) {
    if (key.ends_with("_token")) reserved.emplace_back(key);
  }
  for (const std::string& key : reserved) conversation.erase(key);
}

// The first token of `whole` that lies behind the text of `prompt`. A token across the border, part prompt and part
// answer, lies before it.
size_t FirstBehind(const ChatPrompt& prompt, const std::vector<Token>& whole, const Tokenizer& tokenizer) {
  const auto differ = std::ranges::mismatch(prompt.ids, whole);
  auto first = static_cast<size_t>(differ.in2 - whole.begin());
  if (differ.in1 == prompt.ids.end()) return first;
  size_t bytes = tokenizer.Decode(std::span(whole).first(first)).size();
  while (first < whole.size() && bytes < prompt.text.size()) bytes += tokenizer.Piece(whole[first++]).size();
  return first;
}

}  // namespace

EncodedChat ChatEncoder::Encode(std::string_view line) const {
  json::object conversation;
  try {
    conversation = ParseJsonObject(line, "the line");
  } catch (const Error& fault) {
    throw Error(fault.category(), "no JSON object: {}", fault.what());
  }
  return Encode(std::move(conversation));
}

EncodedChat ChatEncoder::Encode(json::object conversation) const {
  DropReserved(conversation);
  const json::array messages = MessagesOf(conversation);
  conversation["add_generation_prompt"] = false;
  const ChatPrompt whole = EncodeChat(chat_, tokenizer_, conversation, now_);
  EncodedChat chat{whole.ids, std::vector<uint8_t>(whole.ids.size(), 0), 0};
  for (size_t i = 0; i < messages.size(); ++i) {
    if (!IsAssistant(messages[i])) continue;
    json::object before = conversation;
    before["messages"] = json::array(messages.begin(), messages.begin() + static_cast<ptrdiff_t>(i));
    before["add_generation_prompt"] = true;
    const ChatPrompt prompt = EncodeChat(chat_, tokenizer_, std::move(before), now_);
    if (!whole.text.starts_with(prompt.text)) {
      throw Error(
          ErrorCategory::kUnsupported,
          "the chat template writes what stands before message {} otherwise once the answer follows, so that chatting "
          "would not meet what was learned; give this conversation up to each answer on a line of its own",
          i + 1);
    }
    size_t at = FirstBehind(prompt, whole.ids, tokenizer_);
    for (bool ended = false; !ended; ++at) {
      if (at >= whole.ids.size()) {
        throw Error(
            ErrorCategory::kUnsupported,
            "the chat template ends message {} with no token that ends a turn, so the model would never learn to stop",
            i + 1);
      }
      ended = tokenizer_.special().Ends(whole.ids[at]);
      chat.learned[at] = 1;
      if (!ended) chat.learned_bytes += tokenizer_.Piece(whole.ids[at]).size();
    }
  }
  if (std::ranges::find(chat.learned, 1) == chat.learned.end()) {
    throw Error(ErrorCategory::kInvalidArgument, "no message is the assistant's, so there is nothing to learn");
  }
  return chat;
}

}  // namespace sheepop
