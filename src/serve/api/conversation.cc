#include "serve/api/conversation.h"

#include <fmt/core.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/quoted.h"
#include "tokenize/chat_prompt.h"

namespace sheepop {
namespace {

namespace json = boost::json;

class MessageReader {
 public:
  MessageReader(const json::object& message, std::string path, UnknownFields unknown, std::vector<std::string>& unused)
      : fields_(message, std::move(path)), unknown_(unknown), unused_(unused) {}

  json::object Read() {
    const std::optional<std::string> role =
        fields_.Choice("role", {"system", "developer", "user", "assistant", "tool", "function"});
    if (!role) fields_.Refuse("role", "is missing, must be system, developer, user, assistant or tool");
    json::object out;
    out["role"] = *role == "developer" ? "system" : *role == "function" ? "tool" : *role;
    std::optional<std::string> content = Content();
    if (const auto name = fields_.String("name")) out["name"] = *name;
    const auto call_id = fields_.String("tool_call_id");
    if (call_id) out["tool_call_id"] = *call_id;
    if (*role == "tool" && !call_id) fields_.Refuse("tool_call_id", "is missing: of which call is this the result?");
    if (*role == "assistant") ReadAssistant(out, content);
    if (!content && !out.contains("tool_calls")) {
      fields_.Refuse("content",
                     "is missing or null, must be text; only an assistant's message with tool_calls has none");
    }
    out["content"] = content ? json::value(*content) : json::value("");
    fields_.Finish(unknown_, unused_);
    return out;
  }

 private:
  std::optional<std::string> Content() {
    const json::value* const content = fields_.Any("content");
    if (!content) return {};
    if (content->is_string()) return std::string(content->get_string());
    if (!content->is_array()) fields_.WrongType("content", *content, "text or a list of parts");
    const json::array& parts = content->get_array();
    if (parts.empty()) fields_.Refuse("content", "is an empty list, must have parts");
    std::string text;
    for (size_t i = 0; i < parts.size(); ++i) text.append(i == 0 ? "" : "\n").append(Part(parts[i], i));
    return text;
  }

  std::string Part(const json::value& part, size_t index) {
    const std::string path = ElementPath(fields_.Path("content"), index);
    if (!part.is_object()) RefuseField(path, fmt::format("{} is {}, must be an object", path, Shown(part)));
    Fields fields(part.get_object(), path);
    const std::string type = fields.String("type").value_or("");
    const bool refusal = type == "refusal";
    if (type != "text" && !refusal) RefusePart(fields, type);
    const std::optional<std::string> text = fields.String(refusal ? "refusal" : "text");
    if (!text) fields.Refuse(refusal ? "refusal" : "text", "is missing, must be text");
    fields.Unused({"annotations", "cache_control"}, unused_);
    fields.Finish(unknown_, unused_);
    return *text;
  }

  [[noreturn]] static void RefusePart(const Fields& fields, std::string_view type) {
    for (std::string_view known : {"image_url", "image", "input_image", "input_audio", "audio_url", "audio",
                                   "video_url", "file", "input_file"}) {
      if (type == known) {
        RefuseUnsupported(fields.Path("type"),
                          fmt::format("{} is {}: models are served with text only", fields.Path("type"), Quoted(type)));
      }
    }
    fields.Refuse("type", fmt::format("is {}, must be \"text\"", Quoted(type)));
  }

  void ReadAssistant(json::object& out, std::optional<std::string>& content) {
    const auto reasoning = fields_.String("reasoning_content"), other = fields_.String("reasoning");
    if (reasoning && other && *reasoning != *other) {
      fields_.Refuse("reasoning", "differs from reasoning_content, which says the same: give one of them");
    }
    if (reasoning || other) out["reasoning_content"] = reasoning ? *reasoning : *other;
    const auto refusal = fields_.String("refusal");
    if (refusal && !content) content = refusal;
    if (fields_.Any("audio")) RefuseUnsupported(fields_.Path("audio"), "models are served with text only");
    fields_.Unused({"annotations"}, unused_);
    const std::string_view name = fields_.OneOf({"tool_calls", "function_call"});
    json::array calls;
    if (name == "function_call") {
      calls.push_back({{"type", "function"}, {"function", Function(*fields_.Object(name), fields_.Path(name))}});
    } else if (const json::array* const list = fields_.Array(name)) {
      for (size_t i = 0; i < list->size(); ++i) calls.push_back(Call((*list)[i], ElementPath(fields_.Path(name), i)));
    }
    if (!calls.empty()) out["tool_calls"] = std::move(calls);
  }

  json::object Call(const json::value& call, const std::string& path) {
    if (!call.is_object()) RefuseField(path, fmt::format("{} is {}, must be an object", path, Shown(call)));
    Fields fields(call.get_object(), path);
    const std::string type = fields.Choice("type", {"function", "custom"}).value_or("function");
    if (type == "custom") {
      RefuseUnsupported(fields.Path("type"),
                        fmt::format("{} is \"custom\": templates have functions only", fields.Path("type")));
    }
    json::object out{{"type", type}};
    if (const auto id = fields.String("id")) out["id"] = *id;
    fields.Any("index");  // streams number their calls, and clients hand back what they got
    const json::object* const function = fields.Object("function");
    if (!function) fields.Refuse("function", "is missing, must be an object with name and arguments");
    out["function"] = Function(*function, fields.Path("function"));
    fields.Finish(unknown_, unused_);
    return out;
  }

  json::object Function(const json::object& function, const std::string& path) {
    Fields fields(function, path);
    const std::optional<std::string> name = fields.String("name");
    if (!name || name->empty()) fields.Refuse("name", "is missing, must be the name of a function");
    json::object out{{"name", *name}, {"arguments", Arguments(fields)}};
    fields.Finish(unknown_, unused_);
    return out;
  }

  static json::object Arguments(Fields& fields) {
    const json::value* const given = fields.Any("arguments");
    if (!given) return {};
    if (given->is_object()) return given->get_object();
    if (!given->is_string()) fields.WrongType("arguments", *given, "JSON as text");
    const std::string_view text = given->get_string();
    if (text.empty()) return {};
    try {
      return ParseJsonObject(text, fields.Path("arguments"));
    } catch (const Error& error) {
      RefuseField(fields.Path("arguments"), error.what());
    }
  }

  Fields fields_;
  const UnknownFields unknown_;
  std::vector<std::string>& unused_;
};

std::string RoleOf(const json::array& messages, size_t from_end) {
  if (from_end > messages.size()) return "";
  return std::string(messages[messages.size() - from_end].at("role").as_string());
}

void Check(const ConversationAsk& conversation) {
  const json::array& messages = conversation.messages;
  if (messages.empty()) RefuseField("messages", "messages is empty, must have at least one message");
  if (RoleOf(messages, 1) == "assistant" && RoleOf(messages, 2) == "assistant") {
    RefuseField("messages", "messages ends with two messages of the assistant: join them to one");
  }
  if (!conversation.continue_final) return;
  if (conversation.add_generation_prompt) {
    RefuseField("continue_final_message",
                "continue_final_message goes on with the last message, add_generation_prompt begins another: give one");
  }
  if (RoleOf(messages, 1) != "assistant") {
    RefuseField("continue_final_message",
                fmt::format("continue_final_message goes on with a message of the assistant, the last is of the {}",
                            RoleOf(messages, 1)));
  }
  if (messages.back().at("content").as_string().find_first_not_of(" \t\r\n") == json::string::npos) {
    RefuseField("continue_final_message", "continue_final_message goes on with the last message, which has no text");
  }
}

// Some templates write arguments as the text they are given, and cannot write an object.
bool SpellArguments(json::array& messages) {
  bool any = false;
  for (json::value& message : messages) {
    json::value* const calls = message.as_object().if_contains("tool_calls");
    if (!calls) continue;
    for (json::value& call : calls->as_array()) {
      json::value& arguments = call.as_object()["function"].as_object()["arguments"];
      arguments = json::serialize(arguments);
      any = true;
    }
  }
  return any;
}

constexpr std::string_view kThoughts = "reasoning_content";

// Gives thoughts the name under which the template reads them.
void NameThoughts(std::string_view name, json::array& messages) {
  if (name.empty() || name == kThoughts) return;
  for (json::value& message : messages) {
    json::object& fields = message.as_object();
    const json::value* const thoughts = fields.if_contains(kThoughts);
    if (!thoughts) continue;
    json::value moved = *thoughts;
    fields.erase(kThoughts);
    fields[name] = std::move(moved);
  }
}

// Some templates refuse a message that has thoughts and words beside its calls. The messages that lost their thoughts.
std::vector<size_t> LeaveOutThoughts(std::string_view name, json::array& messages) {
  std::vector<size_t> left;
  for (size_t i = 0; i < messages.size(); ++i) {
    json::object& message = messages[i].as_object();
    const bool beside = message.contains("tool_calls") && !message.at("content").as_string().empty();
    if (beside && message.erase(name) > 0) left.push_back(i);
  }
  return left;
}

ChatPrompt Encode(const ServedModel& model, const ConversationAsk& conversation, json::array messages,
                  std::time_t now) {
  if (!model.chat) {
    RefuseField("messages",
                fmt::format("the model {} has no chat template: give its text to /v1/completions", model.name));
  }
  json::object variables = conversation.variables;
  std::string open;
  if (conversation.continue_final) open = messages.back().at("content").as_string();
  variables["messages"] = std::move(messages);
  variables["add_generation_prompt"] = conversation.add_generation_prompt;
  constexpr std::string_view kOfTheApi[] = {"tool_call_id"};  // which calls and answers must have
  return EncodeChat(*model.chat, *model.loaded.tokenizer, std::move(variables), now,
                    {.open_end = open, .inserted = conversation.inserted, .find_unread = true, .obeyed = kOfTheApi});
}

Warning DroppedLineWarning() {
  return {
      "dropped_message", "system", "",
      "the line that shows the tools or the schema is dropped: the chat template writes nothing of it, so the model "
      "does not see it"};
}

Warning ThoughtsWarning(size_t message) {
  const std::string thing = fmt::format("messages[{}].{}", message, kThoughts);
  return {"dropped_message", thing, "",
          fmt::format("{} is left out: the chat template takes no thoughts and words beside a call, so the model does "
                      "not see it",
                      thing)};
}

// Of fields of messages that the template does not read; what it does not read of the variables ReadTemplateVariables says.
// `thoughts`: the template's name of theirs.
void WarnOfUnread(const json::array& messages, size_t inserted, std::string_view thoughts, ChatPrompt& prompt) {
  for (const std::string& field : prompt.unread) {
    for (size_t i = inserted; i < messages.size(); ++i) {
      if (!messages[i].as_object().contains(field)) continue;
      const std::string name(field == thoughts ? kThoughts : field);
      Warning warning = UnreadWarning(fmt::format("messages[{}]", i - inserted), name, 1);
      warning.thing = fmt::format("messages[{}].{}", i - inserted, name);
      prompt.warnings.push_back(std::move(warning));
      break;
    }
  }
}

PromptParts PartsOf(const ChatPrompt& prompt) {
  const size_t of_messages = std::accumulate(prompt.message_tokens.begin(), prompt.message_tokens.end(), size_t{0});
  return {.template_tokens = prompt.ids.size() - of_messages, .message_tokens = prompt.message_tokens};
}

}  // namespace

json::array ReadMessages(const json::array& messages, const std::string& path, UnknownFields unknown,
                         std::vector<std::string>& unused) {
  json::array out;
  out.reserve(messages.size());
  for (size_t i = 0; i < messages.size(); ++i) {
    const std::string element = ElementPath(path, i);
    if (!messages[i].is_object()) {
      RefuseField(element, fmt::format("{} is {}, must be an object", element, Shown(messages[i])));
    }
    out.push_back(MessageReader(messages[i].get_object(), element, unknown, unused).Read());
  }
  return out;
}

void ReadTemplateVariables(Fields& fields, const ServedModel& model, ConversationAsk& conversation,
                           std::vector<std::string>& unused) {
  json::object& variables = conversation.variables;
  auto mentions = [&](std::string_view name) {
    return model.chat && model.chat->source().find(name) != std::string::npos;
  };
  // Thoughts that a template cannot turn off end as soon as they begin.
  auto turns_thinking = [&](bool on) {
    return mentions("enable_thinking") || (!on && model.format && model.format->thinking());
  };
  auto set = [&](std::string_view name, const json::value& value) {
    if (variables.contains(name)) fields.Refuse(name, "is in chat_template_kwargs too: give it once");
    variables[name] = value;
  };
  if (const json::object* const given = fields.Object("chat_template_kwargs")) {
    for (const auto& [key, value] : *given) {
      const std::string_view name = key;
      const std::string path = fields.Path(fmt::format("chat_template_kwargs.{}", name));
      const bool has_field = name == "messages" || name == "tools" || name == "add_generation_prompt";
      if (has_field || name.ends_with("_token")) {
        RefuseField(path, fmt::format("{} is not a request's to set{}", Quoted(path),
                                      has_field ? ": it has a field of its own" : ": the tokenizer's is used"));
      }
      variables[name] = value;
      if (!mentions(name)) unused.push_back(path);
    }
  }
  const std::optional<bool> thinking = fields.Bool("enable_thinking");
  if (thinking) set("enable_thinking", *thinking);
  if (thinking && !turns_thinking(*thinking)) unused.push_back(fields.Path("enable_thinking"));
  if (const auto verbosity = fields.Choice("verbosity", {"low", "medium", "high"})) {
    set("verbosity", json::value(*verbosity));
    if (!mentions("verbosity")) unused.push_back(fields.Path("verbosity"));
  }
  const std::optional<std::string> effort =
      fields.Choice("reasoning_effort", {"none", "minimal", "low", "medium", "high", "xhigh", "max"});
  if (!effort) return;
  set("reasoning_effort", json::value(*effort));
  const bool off = *effort == "none";
  if (off && !variables.contains("enable_thinking")) variables["enable_thinking"] = false;
  if (!mentions("reasoning_effort") && !(off && turns_thinking(false))) {
    unused.push_back(fields.Path("reasoning_effort"));
  }
}

AskedPrompt EncodeConversation(const ServedModel& model, const ConversationAsk& conversation, std::time_t now) {
  Check(conversation);
  json::array messages = conversation.messages;
  const std::string thoughts(model.format && !model.format->thought_field().empty() ? model.format->thought_field()
                                                                                    : kThoughts);
  NameThoughts(thoughts, messages);
  auto encode = [&] {
    try {
      return Encode(model, conversation, messages, now);
    } catch (const Error& error) {
      if (error.category() != ErrorCategory::kInvalidArgument) throw;
      json::array spoken = messages;
      const std::vector<size_t> left = LeaveOutThoughts(thoughts, spoken);
      if (!left.empty()) {
        try {
          ChatPrompt prompt = Encode(model, conversation, spoken, now);
          for (const size_t i : left) prompt.warnings.push_back(ThoughtsWarning(i - conversation.inserted));
          messages = std::move(spoken);
          return prompt;
        } catch (const Error& other) {
          if (other.category() != ErrorCategory::kInvalidArgument) throw;
        }
      }
      if (!SpellArguments(messages)) throw;
      return Encode(model, conversation, messages, now);
    }
  };
  try {
    ChatPrompt prompt = encode();
    PromptParts parts = PartsOf(prompt);
    WarnOfUnread(messages, conversation.inserted, thoughts, prompt);
    for (const size_t i : Dropped(prompt, messages)) {
      const size_t before = conversation.inserted;
      prompt.warnings.push_back(i < before
                                    ? DroppedLineWarning()
                                    : DroppedWarning(i - before, std::string_view(messages[i].at("role").as_string())));
    }
    return {std::move(prompt.ids), std::move(prompt.text), std::move(parts), std::move(prompt.warnings)};
  } catch (const Error& error) {
    // The bounds of a template's time and memory are met by what a client sent.
    const bool clients = error.category() == ErrorCategory::kLimit;
    ApiProblem problem = ProblemOf(std::current_exception(), "messages");
    if (clients) problem = {.param = "messages", .message = error.what()};
    throw ApiError(std::move(problem));
  }
}

}  // namespace sheepop
