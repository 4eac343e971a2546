#include "serve/api/constraints.h"

#include <fmt/core.h>

#include <boost/json/value.hpp>
#include <string_view>

#include "base/quoted.h"

namespace sheepop {

namespace json = boost::json;

void RefuseYet(const std::string& param) {
  RefuseUnsupported(param, fmt::format("{} is not supported yet: leave it out", param));
}

namespace {

// "auto", {"type": "auto"}; "" where there is none.
std::string ChoiceOf(Fields& fields, std::string_view name) {
  const json::value* const choice = fields.Any(name);
  if (!choice) return "";
  if (choice->is_string()) return std::string(choice->get_string());
  if (!choice->is_object()) fields.WrongType(name, *choice, "text or an object");
  const json::value* const type = choice->get_object().if_contains("type");
  if (type && type->is_string()) return std::string(type->get_string());
  if (choice->get_object().contains("name")) return "function";  // {"name": ...}, the old form
  RefuseField(fields.Path(name), fmt::format("{}.type is missing, must be a text", fields.Path(name)));
}

// Tools of the client's own are functions; those of other types run where the model's vendor is.
bool IsClients(const json::value& tool, const std::string& path) {
  if (!tool.is_object()) RefuseField(path, fmt::format("{} is {}, must be an object", path, Shown(tool)));
  const json::value* const type = tool.get_object().if_contains("type");
  if (!type) return true;
  if (!type->is_string()) RefuseField(path + ".type", fmt::format("{}.type is {}, must be text", path, Shown(*type)));
  const std::string_view name = type->get_string();
  return name == "function" || name == "custom";
}

void ReadTools(Fields& fields, std::string_view tools, std::string_view choice, std::vector<std::string>& unused) {
  const json::array* const list = fields.Array(tools);
  const std::string chosen = ChoiceOf(fields, choice);
  if (!chosen.empty() && chosen != "none" && !list) {
    RefuseField(fields.Path(choice), fmt::format("{} is {}, but there are no {} to choose from", fields.Path(choice),
                                                 Quoted(chosen), tools));
  }
  for (size_t i = 0; list && i < list->size(); ++i) {
    const std::string path = ElementPath(fields.Path(tools), i);
    if (IsClients((*list)[i], path) && chosen != "none") RefuseYet(fields.Path(tools));
    unused.push_back(path);
  }
  if (!chosen.empty() && chosen != "none" && chosen != "auto") RefuseYet(fields.Path(choice));
}

void ReadResponseFormat(Fields& fields) {
  const json::object* const format = fields.Object("response_format");
  if (!format) return;
  Fields inside(*format, fields.Path("response_format"));
  const auto type = inside.Choice("type", {"text", "json_object", "json_schema"});
  if (!type) inside.Refuse("type", "is missing, must be text, json_object or json_schema");
  if (*type != "text") RefuseYet(fields.Path("response_format"));
}

}  // namespace

void ReadConstraints(Fields& fields, std::vector<std::string>& unused) {
  ReadTools(fields, "tools", "tool_choice", unused);
  ReadTools(fields, "functions", "function_call", unused);
  fields.Unused({"parallel_tool_calls", "web_search_options"}, unused);
  ReadResponseFormat(fields);
  for (std::string_view name :
       {"structured_outputs", "grammar", "json_schema", "guided_json", "guided_regex", "guided_choice",
        "guided_grammar", "guided_decoding_backend", "guided_whitespace_pattern", "lora", "stop_token_ids", "audio"}) {
    if (fields.Any(name)) RefuseYet(fields.Path(name));
  }
  const std::vector<std::string> modalities = fields.StringOrList("modalities");
  for (const std::string& modality : modalities) {
    if (modality != "text") RefuseYet(fields.Path("modalities"));
  }
}

}  // namespace sheepop
