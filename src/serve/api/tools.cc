#include "serve/api/tools.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/quoted.h"
#include "serve/api/constraints.h"

namespace sheepop {
namespace {

namespace json = boost::json;
using Use = ChatFormat::Use;

constexpr size_t kMostNameBytes = 128;  // OpenAI's bound is 64, Anthropic's this

struct AskedChoice {
  std::optional<Use> use;  // nothing: none was given
  std::vector<std::string> names;
  bool only_these = false;  // allowed_tools: the names are all that may be called
  bool parallel = true, says_parallel = false;
};

void CheckName(const Fields& fields, std::string_view name) {
  const bool good = !name.empty() && name.size() <= kMostNameBytes && std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  });
  if (good) return;
  fields.Refuse("name", fmt::format("is {}, must be 1 to {} of the characters a-z, A-Z, 0-9, _ and -", Quoted(name),
                                    kMostNameBytes));
}

class ToolsReader {
 public:
  ToolsReader(Fields& fields, ToolsApi api, UnknownFields unknown, std::vector<std::string>& unused)
      : fields_(fields), api_(api), unknown_(unknown), unused_(unused) {}

  ToolsAsk Read() {
    const bool chat = api_ == ToolsApi::kChat;
    const std::string_view field = chat ? fields_.OneOf({"tools", "functions"}) : "tools";
    ask_.field = field;
    ask_.functions = field == "functions";
    choice_field_ = chat ? fields_.OneOf({"tool_choice", "function_call"}) : "tool_choice";
    AskedChoice choice = ReadChoice();
    const json::array* const list = fields_.Array(field);
    if (choice.use && *choice.use != Use::kNone && (!list || list->empty())) {
      fields_.Refuse(choice_field_, fmt::format("is given, but there are no {} to choose from", ask_.field));
    }
    const bool none = choice.use == Use::kNone;
    for (size_t i = 0; list && i < list->size(); ++i) {
      const std::string path = ElementPath(fields_.Path(ask_.field), i);
      if (!AddTool((*list)[i], path) || none) unused_.push_back(path);
    }
    if (none) ask_.shown.clear();
    Apply(choice);
    if (choice.says_parallel && ask_.callable.empty()) unused_.push_back(fields_.Path("parallel_tool_calls"));
    return std::move(ask_);
  }

 private:
  // Whether it is one that this model's client runs.
  bool AddTool(const json::value& tool, const std::string& path) {
    if (!tool.is_object()) RefuseField(path, fmt::format("{} is {}, must be an object", path, Shown(tool)));
    Fields fields(tool.get_object(), path);
    const std::string type = fields.String("type").value_or(api_ == ToolsApi::kMessages ? "custom" : "function");
    const bool clients = type == (api_ == ToolsApi::kMessages ? "custom" : "function");
    if (type == "custom" && !clients) RefuseYet(path);
    if (!clients) return false;
    const json::object* const function =
        api_ == ToolsApi::kChat && !ask_.functions ? fields.Object("function") : &tool.get_object();
    if (!function) fields.Refuse("function", "is missing, must be an object with a name");
    if (function == &tool.get_object()) {
      AddFunction(fields);
    } else {
      Fields inner(*function, fields.Path("function"));
      AddFunction(inner);
      inner.Finish(unknown_, unused_);
    }
    fields.Unused({"allowed_callers", "cache_control", "defer_loading", "eager_input_streaming", "input_examples",
                   "output_schema"},
                  unused_);
    fields.Finish(unknown_, unused_);
    return true;
  }

  void AddFunction(Fields& fields) {
    const std::optional<std::string> name = fields.String("name");
    if (!name) fields.Refuse("name", "is missing, must be the function's name");
    CheckName(fields, *name);
    if (!names_.insert(*name).second) fields.Refuse("name", fmt::format("is {}, and so is another's", Quoted(*name)));
    const std::optional<std::string> description = fields.String("description");
    const std::string_view member = api_ == ToolsApi::kMessages ? "input_schema" : "parameters";
    const json::object* const parameters = fields.Object(member);
    fields.Bool("strict");  // arguments fit their schema in any case
    json::object function{{"name", *name}};
    if (description) function["description"] = *description;
    function["parameters"] =
        parameters ? *parameters : json::object{{"type", "object"}, {"properties", json::object()}};
    ask_.shown.push_back(json::object{{"type", "function"}, {"function", std::move(function)}});
  }

  AskedChoice ReadChoice() {
    AskedChoice choice;
    const std::optional<bool> parallel =
        api_ == ToolsApi::kMessages ? std::nullopt : fields_.Bool("parallel_tool_calls");
    choice.says_parallel = parallel.has_value();
    choice.parallel = parallel.value_or(true) && choice_field_ != "function_call";
    const json::value* const given = fields_.Any(choice_field_);
    if (!given) return choice;
    if (given->is_string()) {
      choice.use = UseNamed(given->get_string());
      if (!choice.use) {
        fields_.Refuse(choice_field_, fmt::format("is {}, must be none, auto or required, or an object that names one",
                                                  Quoted(given->get_string())));
      }
      return choice;
    }
    if (!given->is_object()) fields_.WrongType(choice_field_, *given, "text or an object");
    Fields inner(given->get_object(), fields_.Path(choice_field_));
    ReadChoice(inner, choice);
    inner.Finish(unknown_, unused_);
    return choice;
  }

  void ReadChoice(Fields& inner, AskedChoice& choice) {
    const std::optional<std::string> type = inner.String("type");
    if (!type && choice_field_ != "function_call") {
      RefuseField(fields_.Path(choice_field_), fmt::format("{} is missing, must be a text", inner.Path("type")));
    }
    if (inner.Bool("disable_parallel_tool_use").value_or(false)) choice.parallel = false;
    choice.use = UseNamed(type.value_or(""));
    if (choice.use) return;
    choice.use = Use::kNamed;
    if (!type || type == "tool" || type == "function") {
      const json::object* const function = inner.Object("function");
      choice.names.push_back(function ? NameOf(*function, inner.Path("function")) : NameIn(inner));
    } else if (type == "allowed_tools") {
      const json::object* const allowed = inner.Object("allowed_tools");
      if (!allowed) return ReadAllowed(inner, choice);
      Fields nested(*allowed, inner.Path("allowed_tools"));
      ReadAllowed(nested, choice);
      nested.Finish(unknown_, unused_);
    } else {
      RefuseYet(fields_.Path(choice_field_));
    }
  }

  void ReadAllowed(Fields& fields, AskedChoice& choice) {
    choice.use = fields.Choice("mode", {"auto", "required"}) == "required" ? Use::kRequired : Use::kAuto;
    choice.only_these = true;
    const json::array* const list = fields.Array("tools");
    if (!list || list->empty()) fields.Refuse("tools", "is missing or empty, must be a list of tools");
    for (size_t i = 0; i < list->size(); ++i) {
      const std::string path = ElementPath(fields.Path("tools"), i);
      if (!(*list)[i].is_object())
        RefuseField(path, fmt::format("{} is {}, must be an object", path, Shown((*list)[i])));
      choice.names.push_back(NameOf((*list)[i].get_object(), path));
    }
  }

  // In {"name": ...} or {"type": "function", "function": {"name": ...}}.
  std::string NameOf(const json::object& object, const std::string& path) {
    Fields fields(object, path);
    fields.String("type");
    const json::object* const function = fields.Object("function");
    std::string name = function ? NameOf(*function, fields.Path("function")) : NameIn(fields);
    fields.Finish(unknown_, unused_);
    return name;
  }

  static std::string NameIn(Fields& fields) {
    const std::optional<std::string> name = fields.String("name");
    if (!name) fields.Refuse("name", "is missing, must be the name of a tool");
    return *name;
  }

  std::optional<Use> UseNamed(std::string_view name) const {
    if (name == "none") return Use::kNone;
    if (name == "auto") return Use::kAuto;
    if (name == (api_ == ToolsApi::kMessages ? "any" : "required")) return Use::kRequired;
    return {};
  }

  // What may be called.
  void Apply(const AskedChoice& choice) {
    for (const std::string& name : choice.names) {
      if (names_.contains(name)) continue;
      fields_.Refuse(choice_field_,
                     fmt::format("names {}, there is {}", Quoted(name),
                                 names_.empty() ? "no tool" : fmt::format("{}", fmt::join(names_, ", "))));
    }
    Use use = choice.use.value_or(Use::kAuto);
    if (ask_.shown.empty()) {
      if (use == Use::kRequired) RefuseYet(fields_.Path(choice_field_));
      use = Use::kNone;
    }
    ask_.choice = {.use = use, .name = "", .parallel = choice.parallel && !ask_.functions};
    if (use == Use::kNone) return;
    if (use == Use::kNamed) ask_.choice.name = choice.names.at(0);
    for (const json::value& tool : ask_.shown) {
      const std::string_view name = tool.at("function").at("name").get_string();
      const bool allowed = !choice.only_these || std::ranges::find(choice.names, name) != choice.names.end();
      if (allowed) ask_.callable.push_back(tool);
    }
  }

  Fields& fields_;
  const ToolsApi api_;
  const UnknownFields unknown_;
  std::vector<std::string>& unused_;
  ToolsAsk ask_;
  std::string_view choice_field_;
  std::set<std::string, std::less<>> names_;
};

}  // namespace

ToolsAsk ReadTools(Fields& fields, ToolsApi api, UnknownFields unknown, std::vector<std::string>& unused) {
  ToolsAsk ask = ToolsReader(fields, api, unknown, unused).Read();
  if (api == ToolsApi::kChat) fields.Unused({"web_search_options"}, unused);
  return ask;
}

}  // namespace sheepop
