#include "serve/api/constraints.h"

#include <fmt/core.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <string_view>
#include <utility>

#include "sample/constraint_cache.h"

namespace sheepop {
namespace {

namespace json = boost::json;

ConstraintOptions& ConstraintOf(Ask& ask) { return ask.options.sampling.constraint; }

// A schema as it is, or as its text.
std::string SchemaText(Fields& fields, std::string_view name) {
  const json::value& schema = *fields.Any(name);
  if (schema.is_string()) return std::string(schema.get_string());
  if (!schema.is_object() && !schema.is_bool()) fields.WrongType(name, schema, "a JSON schema");
  return json::serialize(schema);
}

void AskForSchema(std::string_view kind, const std::string& field, std::string schema, Ask& ask) {
  ClaimShape(kind, field, ask);
  if (schema.empty()) RefuseField(field, fmt::format("{} has an empty schema; {{}} allows any JSON", field));
  ConstraintOf(ask).json_schema = std::move(schema);
}

void AskForRegex(const std::string& field, std::string regex, Ask& ask) {
  ClaimShape("regex", field, ask);
  if (regex.empty()) RefuseField(field, fmt::format("{} is empty, must be a regular expression", field));
  ConstraintOf(ask).regex = std::move(regex);
}

void AskForGrammar(const std::string& field, std::string grammar, Ask& ask) {
  ClaimShape("grammar", field, ask);
  if (grammar.empty()) RefuseField(field, fmt::format("{} is empty, must be a grammar", field));
  ConstraintOf(ask).grammar = std::move(grammar);
}

void AskForChoice(const std::string& field, std::vector<std::string> choices, Ask& ask) {
  ClaimShape("choice", field, ask);
  if (choices.empty()) RefuseField(field, fmt::format("{} is empty, must have the texts to choose from", field));
  ConstraintOf(ask).choices = std::move(choices);
}

// What the white space of JSON may be, as a pattern: those that have a name here.
void ReadWhitespace(Fields& fields, std::string_view name, Ask& ask) {
  const std::optional<std::string> pattern = fields.String(name);
  if (!pattern) return;
  if (pattern->empty()) {
    ConstraintOf(ask).schema.whitespace = schema::Whitespace::kCompact;
  } else if (*pattern == " ?" || *pattern == "[ ]?" || *pattern == "[ ]" || *pattern == " ") {
    ConstraintOf(ask).schema.whitespace = schema::Whitespace::kSpaced;
  } else if (*pattern == R"([ \t\n\r]*)" || *pattern == R"(\s*)") {
    ConstraintOf(ask).schema.whitespace = schema::Whitespace::kAny;
  } else {
    RefuseUnsupported(fields.Path(name), fmt::format("{} is a pattern that has no name here: give whitespace, which is "
                                                     "compact, spaced, model or any",
                                                     fields.Path(name)));
  }
}

void ReadStructured(const json::object& asked, const std::string& field, UnknownFields unknown, Ask& ask) {
  Fields inner(asked, field);
  if (inner.Any("json")) AskForSchema("json_schema", inner.Path("json"), SchemaText(inner, "json"), ask);
  if (inner.Bool("json_object").value_or(false)) {
    AskForSchema("json_object", inner.Path("json_object"), R"({"type":"object"})", ask);
  }
  if (const auto regex = inner.String("regex")) AskForRegex(inner.Path("regex"), *regex, ask);
  if (inner.Any("choice")) AskForChoice(inner.Path("choice"), inner.StringOrList("choice"), ask);
  if (const auto grammar = inner.String("grammar")) AskForGrammar(inner.Path("grammar"), *grammar, ask);
  if (inner.Any("structural_tag")) RefuseYet(inner.Path("structural_tag"));
  if (inner.Bool("disable_additional_properties").value_or(false)) {
    inner.Refuse("disable_additional_properties", "is true: say \"additionalProperties\": false in the schema");
  }
  if (inner.Bool("disable_any_whitespace").value_or(false)) {
    ConstraintOf(ask).schema.whitespace = schema::Whitespace::kCompact;
  }
  ReadWhitespace(inner, "whitespace_pattern", ask);
  inner.Unused({"disable_fallback", "backend", "_backend", "_backend_was_auto"}, ask.unused);
  inner.Finish(unknown, ask.unused);
}

// What the rows of the table have asked for, by their names.
void ClaimRows(Ask& ask) {
  const ConstraintOptions& constraint = ConstraintOf(ask);
  if (!constraint.json_schema.empty()) ClaimShape("json_schema", "json_schema", ask);
  if (!constraint.regex.empty()) ClaimShape("regex", "regex", ask);
  if (!constraint.grammar.empty()) ClaimShape("grammar", "grammar", ask);
  if (!constraint.choices.empty()) ClaimShape("choice", "choice", ask);
}

std::string WayOut(const schema::SchemaError& error) {
  if (error.category() != ErrorCategory::kUnsupported) return "";
  return R"(; leave it out, or give "lenient": true, and the answer lists what it does not keep)";
}

}  // namespace

void RefuseYet(const std::string& param) {
  RefuseUnsupported(param, fmt::format("{} is not supported: leave it out", param));
}

void ClaimShape(std::string_view kind, const std::string& field, Ask& ask) {
  if (ask.shape) {
    RefuseField(field, fmt::format("{} and {} both say what shape the text has: give one", ask.shape->field, field));
  }
  ask.shape.emplace();
  ask.shape->kind = kind;
  ask.shape->field = field;
}

void ReadFormat(const json::object& format, const std::string& field, UnknownFields unknown, Ask& ask) {
  Fields inner(format, field);
  const auto type = inner.Choice("type", {"text", "json_object", "json_schema"});
  if (!type) inner.Refuse("type", "is missing, must be text, json_object or json_schema");
  const json::object* const nested = *type == "json_schema" ? inner.Object("json_schema") : nullptr;
  Fields described(nested ? *nested : format, nested ? inner.Path("json_schema") : field);
  Fields& fields = nested ? described : inner;
  if (*type == "json_schema" && !fields.Any("schema")) fields.Refuse("schema", "is missing, must be a JSON schema");
  if (*type != "text" && fields.Any("schema")) {
    AskForSchema("json_schema", field, SchemaText(fields, "schema"), ask);
  } else if (*type == "json_object") {
    AskForSchema("json_object", field, R"({"type":"object"})", ask);
  }
  if (*type == "json_schema") {
    fields.String("name");
    fields.String("description");
    fields.Bool("strict");  // a schema is kept in any case
  }
  if (nested) described.Finish(unknown, ask.unused);
  inner.Finish(unknown, ask.unused);
}

void ReadConstraints(Fields& fields, UnknownFields unknown, Ask& ask) {
  ClaimRows(ask);
  if (const json::object* const format = fields.Object("response_format")) {
    ReadFormat(*format, fields.Path("response_format"), unknown, ask);
  }
  if (const json::object* const structured = fields.Object("structured_outputs")) {
    ReadStructured(*structured, fields.Path("structured_outputs"), unknown, ask);
  }
  if (fields.Any("guided_json")) AskForSchema("json_schema", "guided_json", SchemaText(fields, "guided_json"), ask);
  if (const auto regex = fields.String("guided_regex")) AskForRegex("guided_regex", *regex, ask);
  if (fields.Any("guided_choice")) AskForChoice("guided_choice", fields.StringOrList("guided_choice"), ask);
  if (const auto grammar = fields.String("guided_grammar")) AskForGrammar("guided_grammar", *grammar, ask);
  ReadWhitespace(fields, "guided_whitespace_pattern", ask);
  fields.Unused({"guided_decoding_backend"}, ask.unused);
  ask.show_schema = fields.Bool("show_schema").value_or(true);
  for (const std::string_view name : {"lora", "stop_token_ids", "audio"}) {
    if (fields.Any(name)) RefuseYet(fields.Path(name));
  }
  for (const std::string& modality : fields.StringOrList("modalities")) {
    if (modality != "text") RefuseYet(fields.Path("modalities"));
  }
}

void CheckShape(Ask& ask) {
  const SamplingOptions& sampling = ask.options.sampling;
  if (sampling.thinking_budget >= 0 && sampling.constraint.thinking.close.empty()) {
    RefuseField("thinking_budget",
                fmt::format("thinking_budget is {}, but nothing in an answer of {} would end thoughts: "
                            "leave it out, or give thinking_close",
                            sampling.thinking_budget, ask.model->name));
  }
  if (!ConstraintOf(ask).given()) return;
  AskedShape& shape = *ask.shape;
  const TokenizerVocabulary& vocabulary = *ask.model->loaded.vocabulary;
  try {
    const auto read = vocabulary.constraints().Get(ConstraintOf(ask), vocabulary);
    for (const Warning& warning : read->notes.warnings) shape.warnings.push_back(warning.line);
    shape.not_enforced = read->notes.not_enforced;
  } catch (const schema::SchemaError& error) {
    const schema::SchemaFault& fault = error.fault();
    RefuseField(shape.field, fmt::format("{}: {}/{}: {}{}", shape.field, fault.pointer, fault.keyword, fault.message,
                                         WayOut(error)));
  } catch (const Error& error) {
    RefuseField(shape.field, fmt::format("{}: {}", shape.field, error.what()));
  }
}

std::string ShownSchema(const Ask& ask) {
  if (!ask.shape || !ask.show_schema || ask.options.sampling.constraint.json_schema.empty()) return "";
  if (ask.shape->kind == "json_object") return "Answer with a JSON object and nothing else.";
  return "Answer with JSON and nothing else. It must fit this JSON Schema:\n" +
         ask.options.sampling.constraint.json_schema;
}

}  // namespace sheepop
