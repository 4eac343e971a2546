#include "serve/api/responses_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/quoted.h"
#include "serve/api_error.h"

namespace sheepop {
namespace {

namespace json = boost::json;

constexpr std::string_view kReadable = "message, function_call, function_call_output and reasoning are";

// Items of the vendor's own tools, and of kinds of calls that no template knows.
constexpr std::array<std::string_view, 26> kVendorItems = {"additional_tools",
                                                           "apply_patch_call",
                                                           "apply_patch_call_output",
                                                           "code_interpreter_call",
                                                           "compaction",
                                                           "compaction_trigger",
                                                           "computer_call",
                                                           "computer_call_output",
                                                           "configuration_update",
                                                           "custom_tool_call",
                                                           "custom_tool_call_output",
                                                           "file_search_call",
                                                           "image_generation_call",
                                                           "local_shell_call",
                                                           "local_shell_call_output",
                                                           "mcp_approval_request",
                                                           "mcp_approval_response",
                                                           "mcp_call",
                                                           "mcp_list_tools",
                                                           "program",
                                                           "program_output",
                                                           "shell_call",
                                                           "shell_call_output",
                                                           "tool_search_call",
                                                           "tool_search_output",
                                                           "web_search_call"};

class InputReader {
 public:
  InputReader(UnknownFields unknown, std::vector<std::string>& unused) : unknown_(unknown), unused_(unused) {}

  void Add(std::string role, std::string text) {
    messages_.push_back(json::object{{"role", std::move(role)}, {"content", std::move(text)}});
  }

  void AddItem(const json::value& item, const std::string& path) {
    if (!item.is_object()) RefuseField(path, path + " must be an object: a message, or another item");
    Fields fields(item.get_object(), path);
    const std::string type = fields.String("type").value_or("message");
    if (type == "message") {
      AddMessage(fields);
    } else if (type == "function_call") {
      AddCall(fields);
    } else if (type == "function_call_output") {
      AddOutput(fields);
    } else if (type == "reasoning") {
      AddReasoning(fields);
    } else {
      RefuseItem(fields.Path("type"), type);
    }
    // What names an item of an earlier answer: nothing of it is shown to a model.
    for (const std::string_view name : {"id", "status", "phase", "namespace", "caller", "async", "end_turn"})
      fields.Any(name);
    fields.Finish(unknown_, unused_);
  }

  json::array Take() { return std::move(messages_); }

 private:
  [[noreturn]] static void RefuseItem(const std::string& path, const std::string& type) {
    if (type == "item_reference") {
      RefuseField(path, path + " is \"item_reference\", and this server stores no items: send the item itself");
    }
    const std::string message = fmt::format("{} is {}: {} what is understood", path, Quoted(type), kReadable);
    if (std::ranges::find(kVendorItems, type) != kVendorItems.end()) RefuseUnsupported(path, message);
    RefuseField(path, message);
  }

  void AddMessage(Fields& fields) {
    const auto role = fields.Choice("role", {"user", "assistant", "system", "developer"});
    if (!role) fields.Refuse("role", "is missing: who says the message");
    std::string text = Text(fields, "content");
    if (*role == "assistant") {
      AppendTo(Turn(), "content", text);
    } else {
      const bool leads = std::ranges::all_of(messages_, IsSystem);
      if (*role != "user" && leads && !messages_.empty()) {
        AppendTo(messages_.back().get_object(), "content", text);
      } else {
        Add(*role == "user" ? "user" : "system", std::move(text));
      }
    }
  }

  void AddCall(Fields& fields) {
    const std::string id = Required(fields, "call_id"), name = Required(fields, "name");
    json::object arguments = Arguments(fields);
    names_[id] = name;
    json::object& turn = Turn();
    if (!turn.contains("tool_calls")) turn["tool_calls"] = json::array();
    turn["tool_calls"].get_array().push_back(
        json::object{{"id", id},
                     {"type", "function"},
                     {"function", json::object{{"name", name}, {"arguments", std::move(arguments)}}}});
  }

  static json::object Arguments(Fields& fields) {
    const std::string text = Required(fields, "arguments");
    if (text.empty()) return {};
    try {
      return ParseJsonObject(text, fields.Path("arguments"));
    } catch (const Error& error) {
      RefuseField(fields.Path("arguments"), error.what());
    }
  }

  void AddOutput(Fields& fields) {
    const std::string id = Required(fields, "call_id");
    const auto call = names_.find(id);
    if (call == names_.end()) {
      fields.Refuse("call_id", fmt::format("is {}, but no function_call of that call_id stands before it, and nothing "
                                           "is stored between requests; send the call as well",
                                           Quoted(id)));
    }
    messages_.push_back(json::object{
        {"role", "tool"}, {"tool_call_id", id}, {"name", call->second}, {"content", Text(fields, "output")}});
  }

  void AddReasoning(Fields& fields) {
    const std::string content = fields.Any("content") ? Text(fields, "content") : std::string();
    const std::string summary = fields.Any("summary") ? Text(fields, "summary") : std::string();
    fields.Unused({"encrypted_content"}, unused_);
    const std::string& text = content.empty() ? summary : content;
    if (!text.empty()) AppendTo(Turn(), "reasoning_content", text);
  }

  // The message of the assistant that its items go into.
  json::object& Turn() {
    if (messages_.empty() || messages_.back().at("role") != "assistant") Add("assistant", "");
    return messages_.back().get_object();
  }

  static void AppendTo(json::object& message, std::string_view field, const std::string& text) {
    json::value& value = message[field];
    if (!value.is_string()) value = json::string();
    json::string& whole = value.get_string();
    if (!whole.empty() && !text.empty()) whole += "\n\n";
    whole += text;
  }

  static bool IsSystem(const json::value& message) { return message.at("role") == "system"; }

  static std::string Required(Fields& fields, std::string_view name) {
    const auto text = fields.String(name);
    if (!text) fields.Refuse(name, "is missing");
    return *text;
  }

  // A string, or the texts of its parts, apart by newlines.
  std::string Text(Fields& fields, std::string_view name) {
    const json::value* value = fields.Any(name);
    if (!value) fields.Refuse(name, "is missing: text, or a list of its parts");
    if (value->is_string()) return std::string(value->get_string());
    if (!value->is_array()) fields.WrongType(name, *value, "text, or a list of its parts");
    std::string text;
    size_t index = 0;
    for (const json::value& part : value->get_array()) {
      if (index > 0) text += "\n";
      text += PartText(part, ElementPath(fields.Path(name), index++));
    }
    return text;
  }

  std::string PartText(const json::value& part, const std::string& path) {
    if (!part.is_object()) RefuseField(path, path + " must be an object with type and text");
    Fields fields(part.get_object(), path);
    const std::string type = Required(fields, "type");
    for (const std::string_view other : {"input_image", "input_file", "input_audio", "computer_screenshot"}) {
      if (type == other) {
        RefuseUnsupported(fields.Path("type"), fmt::format("{} is {}: only text can be shown to this model",
                                                           fields.Path("type"), Quoted(type)));
      }
    }
    std::string text;
    if (type == "refusal") {
      text = Required(fields, "refusal");
    } else if (std::ranges::find(kTextParts, type) != kTextParts.end()) {
      text = Required(fields, "text");
    } else {
      fields.Refuse(
          "type",
          fmt::format("is {}, must be input_text, output_text, refusal, summary_text or reasoning_text", Quoted(type)));
    }
    // What an earlier answer said of its text.
    for (const std::string_view name : {"annotations", "logprobs"}) fields.Any(name);
    fields.Unused({"prompt_cache_breakpoint"}, unused_);
    fields.Finish(unknown_, unused_);
    return text;
  }

  static constexpr std::array<std::string_view, 5> kTextParts = {"input_text", "output_text", "text", "summary_text",
                                                                 "reasoning_text"};

  const UnknownFields unknown_;
  std::vector<std::string>& unused_;
  json::array messages_;
  std::map<std::string, std::string> names_;  // of the functions called, by call_id
};

}  // namespace

json::array ReadResponsesInput(const json::value& input, const std::optional<std::string>& instructions,
                               UnknownFields unknown, std::vector<std::string>& unused) {
  InputReader reader(unknown, unused);
  if (instructions && !instructions->empty()) reader.Add("system", *instructions);
  if (input.is_string()) {
    reader.Add("user", std::string(input.get_string()));
  } else if (!input.is_array()) {
    RefuseField("input", "input must be text, or a list of items");
  } else if (input.get_array().empty()) {
    reader.Add("user", "");
  } else {
    size_t index = 0;
    for (const json::value& item : input.get_array()) reader.AddItem(item, ElementPath("input", index++));
  }
  return reader.Take();
}

}  // namespace sheepop
