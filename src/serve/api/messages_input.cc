#include "serve/api/messages_input.h"

#include <fmt/core.h>

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/quoted.h"
#include "serve/api_error.h"

namespace sheepop {
namespace {

namespace json = boost::json;

// `text` without the lines at its front that change with every request of the vendor's own program.
std::string_view WithoutBilling(std::string_view text) {
  while (text.starts_with("x-anthropic-billing-header") || text.starts_with("cch=")) {
    const size_t end = text.find('\n');
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return text;
}

class MessagesReader {
 public:
  MessagesReader(UnknownFields unknown, std::vector<std::string>& unused) : unknown_(unknown), unused_(unused) {}

  void AddSystem(const json::value& system) {
    std::string text;
    if (system.is_string()) {
      text = Prompt(system.get_string(), "system");
    } else if (system.is_array()) {
      size_t index = 0;
      for (const json::value& block : system.get_array()) AddSystemBlock(block, ElementPath("system", index++), text);
    } else {
      RefuseField("system", fmt::format("system is {}, must be text or a list of text blocks", Shown(system)));
    }
    if (!text.empty()) Add("system", std::move(text));
  }

  void AddMessage(const json::value& message, const std::string& path) {
    if (!message.is_object()) RefuseField(path, fmt::format("{} is {}, must be an object", path, Shown(message)));
    Fields fields(message.get_object(), path);
    const auto role = fields.Choice("role", {"user", "assistant", "system"});
    if (!role) fields.Refuse("role", "is missing, must be user or assistant");
    const json::value* const content = fields.Any("content");
    if (!content) fields.Refuse("content", "is missing, must be text or a list of blocks");
    fields.Finish(unknown_, unused_);
    separator_ = "\n\n";
    if (content->is_string()) {
      AppendTo(Turn(*role), "content", content->get_string());
      return;
    }
    if (!content->is_array()) fields.WrongType("content", *content, "text or a list of blocks");
    size_t index = 0;
    for (const json::value& block : content->get_array()) {
      AddBlock(*role, block, ElementPath(fields.Path("content"), index++));
    }
  }

  json::array Take() {
    if (!open_.empty()) {
      RefuseField("messages",
                  fmt::format("messages has the tool_use {} and no tool_result for it", Quoted(open_.begin()->first)));
    }
    return std::move(messages_);
  }

 private:
  std::string Prompt(std::string_view text, const std::string& path) {
    const std::string_view rest = WithoutBilling(text);
    if (rest.size() != text.size()) unused_.push_back(path + ": the line of the billing header");
    return std::string(rest);
  }

  void AddSystemBlock(const json::value& block, const std::string& path, std::string& whole) {
    if (!block.is_object()) RefuseField(path, fmt::format("{} is {}, must be an object", path, Shown(block)));
    Fields fields(block.get_object(), path);
    if (fields.Choice("type", {"text"}) != "text") fields.Refuse("type", "is missing, must be text");
    const std::string text = Prompt(Required(fields, "text"), fields.Path("text"));
    if (!whole.empty() && !text.empty()) whole += "\n";
    whole += text;
    fields.Unused({"cache_control", "citations"}, unused_);
    fields.Finish(unknown_, unused_);
  }

  void AddBlock(const std::string& role, const json::value& block, const std::string& path) {
    if (!block.is_object()) RefuseField(path, fmt::format("{} is {}, must be an object", path, Shown(block)));
    Fields fields(block.get_object(), path);
    const std::string type = Required(fields, "type");
    fields.Unused({"cache_control"}, unused_);
    if (type == "text") {
      AppendTo(Turn(role), "content", Required(fields, "text"));
      fields.Unused({"citations"}, unused_);
    } else if (type == "tool_use" && role == "assistant") {
      AddCall(fields);
    } else if (type == "tool_result" && role == "user") {
      AddResult(fields);
    } else if (type == "thinking" && role == "assistant") {
      AppendTo(Turn(role), "reasoning_content", Required(fields, "thinking"));
      fields.Unused({"signature"}, unused_);
    } else if (type == "redacted_thinking" && role == "assistant") {
      fields.Unused({"data"}, unused_);
    } else {
      RefuseBlock(fields, type, role);
    }
    fields.Finish(unknown_, unused_);
    separator_ = "\n";
  }

  [[noreturn]] static void RefuseBlock(const Fields& fields, std::string_view type, std::string_view role) {
    const std::string message = fmt::format("{} is {} in a message of the {}", fields.Path("type"), Quoted(type), role);
    for (const std::string_view known : {"text", "tool_use", "tool_result", "thinking", "redacted_thinking"}) {
      if (type == known) RefuseField(fields.Path("type"), message + ", where no such block can be");
    }
    RefuseUnsupported(fields.Path("type"),
                      message + ": models are served with text, tool_use, tool_result and thinking");
  }

  void AddCall(Fields& fields) {
    const std::string id = Required(fields, "id"), name = Required(fields, "name");
    const json::object* const input = fields.Object("input");
    if (!input) fields.Refuse("input", "is missing, must be an object");
    fields.Unused({"caller", "toolset_name"}, unused_);
    json::object& turn = Turn("assistant");
    if (!turn.contains("tool_calls")) turn["tool_calls"] = json::array();
    turn["tool_calls"].get_array().push_back(json::object{
        {"id", id}, {"type", "function"}, {"function", json::object{{"name", name}, {"arguments", *input}}}});
    open_[id] = name;
  }

  void AddResult(Fields& fields) {
    const std::string id = Required(fields, "tool_use_id");
    const auto call = open_.find(id);
    if (call == open_.end()) {
      fields.Refuse("tool_use_id",
                    fmt::format("is {}, but no tool_use of that id waits for a result before it", Quoted(id)));
    }
    json::object& result = Add("tool", "");
    result["tool_call_id"] = id;
    result["name"] = call->second;
    open_.erase(call);
    if (const json::value* const content = fields.Any("content"))
      AppendTo(result, "content", ResultText(fields, *content));
    fields.Unused({"is_error", "toolset_name"}, unused_);
  }

  std::string ResultText(const Fields& fields, const json::value& content) {
    if (content.is_string()) return std::string(content.get_string());
    if (!content.is_array()) fields.WrongType("content", content, "text or a list of blocks");
    std::string whole;
    size_t index = 0;
    for (const json::value& block : content.get_array()) {
      const std::string path = ElementPath(fields.Path("content"), index++);
      if (!block.is_object()) RefuseField(path, fmt::format("{} is {}, must be an object", path, Shown(block)));
      Fields inner(block.get_object(), path);
      const std::string type = Required(inner, "type");
      if (type != "text") {
        RefuseUnsupported(inner.Path("type"),
                          fmt::format("{} is {}: the result of a tool is shown to models as text only",
                                      inner.Path("type"), Quoted(type)));
      }
      if (index > 1) whole += "\n";
      whole += Required(inner, "text");
      inner.Unused({"cache_control", "citations"}, unused_);
      inner.Finish(unknown_, unused_);
    }
    return whole;
  }

  json::object& Add(std::string_view role, std::string text) {
    messages_.push_back(json::object{{"role", role}, {"content", std::move(text)}});
    return messages_.back().get_object();
  }

  // The message of that role that a text goes into: the last one, or a new one.
  json::object& Turn(std::string_view role) {
    if (!messages_.empty() && messages_.back().at("role").get_string() == role) return messages_.back().get_object();
    return Add(role, "");
  }

  void AppendTo(json::object& message, std::string_view field, std::string_view text) {
    json::value& value = message[field];
    if (!value.is_string()) value = json::string();
    json::string& whole = value.get_string();
    if (!whole.empty() && !text.empty()) whole += separator_;
    whole += text;
  }

  static std::string Required(Fields& fields, std::string_view name) {
    const auto text = fields.String(name);
    if (!text) fields.Refuse(name, "is missing, must be text");
    return *text;
  }

  const UnknownFields unknown_;
  std::vector<std::string>& unused_;
  json::array messages_;
  std::string_view separator_;
  std::map<std::string, std::string> open_;  // the tool_use blocks without a result: their names, by id
};

}  // namespace

json::array ReadMessagesInput(const json::value* system, const json::array& messages, UnknownFields unknown,
                              std::vector<std::string>& unused) {
  MessagesReader reader(unknown, unused);
  if (system) reader.AddSystem(*system);
  size_t index = 0;
  for (const json::value& message : messages) reader.AddMessage(message, ElementPath("messages", index++));
  return reader.Take();
}

}  // namespace sheepop
