#include "data/chat_encoder.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/json.h"
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

// What data sets call the weight of a message in the loss, and what one of `masked` says is its contrary.
constexpr std::string_view kWeightFields[] = {"weight", "train", "trainable", "loss", "loss_mask", "masked"};

// 1 or 0 of such a field; none where it is null. Throws kUnsupported for what is neither.
std::optional<bool> WeightOf(const json::object& object, std::string_view field, const std::string& whose) {
  const json::value* value = object.if_contains(field);
  if (!value || value->is_null()) return std::nullopt;
  std::optional<bool> weight;
  if (value->is_bool()) weight = value->get_bool();
  if (value->is_number() && (value->to_number<double>() == 0 || value->to_number<double>() == 1)) {
    weight = value->to_number<double>() == 1;
  }
  if (!weight) {
    throw Error(ErrorCategory::kUnsupported,
                "`{}` of {} is {}, must be 0 or 1, or false or true: there is no weight between", field, whose,
                value->is_double() ? fmt::format("{:g}", value->get_double()) : json::serialize(*value));
  }
  return field == "masked" ? !*weight : weight;
}

// Whether a message's words are learned. Only the assistant's are, so that a field which asks for others' is refused.
bool IsLearned(const json::value& message, size_t number) {
  bool learned = IsAssistant(message);
  for (const std::string_view field : kWeightFields) {
    const std::optional<bool> weight = WeightOf(message.get_object(), field, fmt::format("message {}", number));
    if (weight && *weight && !IsAssistant(message)) {
      throw Error(ErrorCategory::kUnsupported,
                  "`{}` asks that message {}, of role {}, be learned: only the assistant's messages are", field, number,
                  json::serialize(message.at("role")));
    }
    if (weight && !*weight) learned = false;
  }
  return learned;
}

// Of a whole conversation they could only say what every message does.
void RequireNoWeight(const json::object& conversation) {
  for (const std::string_view field : kWeightFields) {
    const std::optional<bool> weight = WeightOf(conversation, field, "the conversation");
    if (weight && !*weight) {
      throw Error(
          ErrorCategory::kUnsupported,
          "`{}` keeps the conversation from being learned: take the line out, or give the field to its messages",
          field);
    }
  }
}

// What may not come from a stranger: the template's own tokens, and what this file sets itself. The names of what was
// there, and would have done something.
std::vector<std::string> DropReserved(json::object& conversation) {
  std::vector<std::string> reserved;
  if (const json::value* begins = conversation.if_contains("add_generation_prompt");
      begins && *begins != json::value(false)) {
    reserved.emplace_back("add_generation_prompt");
  }
  for (const auto& [key, value] : conversation) {
    if (key.ends_with("_token")) reserved.emplace_back(key);
  }
  for (const std::string& key : reserved) conversation.erase(key);
  return reserved;
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
  std::vector<std::string> unread = DropReserved(conversation);
  const json::array messages = MessagesOf(conversation);
  RequireNoWeight(conversation);
  RequireContents(messages);
  conversation["add_generation_prompt"] = false;
  const ChatPrompt whole = RenderedOrRefused(messages, [&] {
    return EncodeChat(chat_, tokenizer_, conversation, now_,
                      {.substitute = false, .find_unread = true, .obeyed = kWeightFields});
  });
  unread.insert(unread.end(), whole.unread.begin(), whole.unread.end());
  EncodedChat chat{whole.ids, std::vector<uint8_t>(whole.ids.size(), 0), 0, Dropped(whole, messages),
                   std::move(unread)};
  for (size_t i = 0; i < messages.size(); ++i) {
    if (!IsLearned(messages[i], i + 1)) continue;
    json::object before = conversation;
    before["messages"] = json::array(messages.begin(), messages.begin() + static_cast<ptrdiff_t>(i));
    before["add_generation_prompt"] = true;
    const ChatPrompt prompt = EncodeChat(chat_, tokenizer_, std::move(before), now_, {.substitute = false});
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
    throw Error(ErrorCategory::kUnsupported,
                "no message is the assistant's with a weight above 0, so there is nothing to learn");
  }
  return chat;
}

}  // namespace sheepop
