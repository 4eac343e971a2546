#include <algorithm>
#include <boost/json/serialize.hpp>

#include "generate/chat_arguments.h"
#include "generate/chat_grammar.h"

namespace sheepop {

namespace json = boost::json;

namespace {

// A part of a schema that can stand alone: what it refers to goes with it.
json::value Alone(const json::value& part, const json::object& root) {
  json::value schema = part;
  if (!schema.is_object()) return schema;
  for (const std::string_view definitions : {"$defs", "definitions", "$schema"}) {
    const json::value* given = root.if_contains(definitions);
    if (given && !schema.get_object().contains(definitions)) schema.get_object()[definitions] = *given;
  }
  return schema;
}

std::string Joined(const std::vector<std::string>& alternatives) {
  std::string text;
  for (const std::string& one : alternatives) text.append(text.empty() ? "" : " | ").append(one);
  return alternatives.size() == 1 ? text : "(" + text + ")";
}

// The strings that a schema allows, where it names them.
std::vector<std::string> NamedStrings(const json::value& schema) {
  std::vector<std::string> strings;
  const json::object* object = schema.if_object();
  const json::value* values = object ? object->if_contains("enum") : nullptr;
  const json::value* value = object ? object->if_contains("const") : nullptr;
  if (value && value->is_string()) return {std::string(value->get_string())};
  if (!values || !values->is_array()) return {};
  for (const json::value& one : values->get_array()) {
    if (!one.is_string()) return {};
    strings.emplace_back(one.get_string());
  }
  return strings;
}

class ArgumentWriter {
 public:
  ArgumentWriter(const ChatRow& row, const json::object& root, GrammarText& grammar)
      : row_(row), root_(root), root_value_(root), grammar_(grammar) {}

  std::string Pairs() {
    const PairMarks& marks = *row_.pairs;
    const auto pair = [&](std::string_view key, const json::value* schema) { return Pair(marks, key, schema); };
    if (!Properties(root_)) {
      const std::string name = grammar_.NewName();
      const std::string end = marks.names_key ? "/[A-Za-z0-9_.-]{1,64}/ " + Literal(marks.value_close_behind_key) : "";
      grammar_.Add(name, Literal(marks.key_open) + " /[A-Za-z0-9_.-]{1,64}/ " + Literal(marks.key_close) + " " +
                             AnyWord(marks) + " " + Literal(marks.lead) + " " +
                             grammar_.TextWithout({marks.value_close}) + " " +
                             Literal(marks.trail + marks.value_close) + " " + end);
      return "(" + name + " (" + Literal(marks.between) + " " + name + ")*)?";
    }
    return Sequence(Literal(marks.between), pair);
  }

  std::string Python() {
    const auto pair = [&](std::string_view key, const json::value* schema) {
      return GrammarText::String(std::string(key) + "=") + " " + PythonValue(schema);
    };
    if (!Properties(root_)) {
      const std::string name = grammar_.NewName();
      grammar_.Add(name, "/[A-Za-z_][A-Za-z0-9_]*=/ " + PythonValue(nullptr));
      return "\"(\" (" + name + " (\", \" " + name + ")*)? \")\"";
    }
    return "\"(\" " + Sequence("\", \"", pair) + " \")\"";
  }

  std::string Gemma() { return GemmaObject(root_, 0); }

 private:
  static const json::object* Properties(const json::object& schema) {
    const json::value* properties = schema.if_contains("properties");
    return properties ? properties->if_object() : nullptr;
  }

  static bool Required(const json::object& schema, std::string_view key) {
    const json::value* required = schema.if_contains("required");
    if (!required || !required->is_array()) return false;
    for (const json::value& one : required->get_array()) {
      if (one.is_string() && std::string_view(one.get_string()) == key) return true;
    }
    return false;
  }

  // The members in their order, those that are not required or not. Rule i: what may come from member i on; `open`: where
  // one stands in front already.
  template <typename F>
  std::string Sequence(std::string_view separator, F pair) {
    return SequenceOf(root_, separator, pair);
  }

  template <typename F>
  std::string SequenceOf(const json::object& schema, std::string_view separator, F pair) {
    std::vector<std::pair<std::string_view, const json::value*>> properties;
    for (const auto& [key, value] : *Properties(schema)) properties.emplace_back(key, &value);
    // Gemma's templates write members by their names.
    if (row_.family == "gemma4") std::ranges::sort(properties, {}, [](const auto& one) { return one.first; });
    const std::string name = grammar_.NewName();
    const size_t count = properties.size();
    const auto rule = [&](size_t i, bool any) { return name + (any ? "_m" : "_n") + std::to_string(i); };
    grammar_.Add(rule(count, false), "\"\"");
    grammar_.Add(rule(count, true), "\"\"");
    size_t i = 0;
    for (const auto& [key, value] : properties) {
      const std::string text = name + "_" + std::to_string(i);
      grammar_.Add(text, pair(key, value));
      for (const bool any : {false, true}) {
        std::string body = (any ? std::string(separator) + " " : "") + text + " " + rule(i + 1, true);
        if (!Required(schema, key)) body += " | " + rule(i + 1, any);
        grammar_.Add(rule(i, any), body);
      }
      ++i;
    }
    return rule(0, false);
  }

  std::string Literal(std::string_view text) const { return grammar_.Literal(text); }

  std::string AnyWord(const PairMarks& marks) const {
    if (marks.attribute_close.empty()) return "";
    std::vector<std::string> words;
    for (const std::string* word :
         {&marks.text_word, &marks.number_word, &marks.boolean_word, &marks.object_word, &marks.array_word}) {
      words.push_back(GrammarText::String(*word));
    }
    return Joined(words) + " " + Literal(marks.attribute_close);
  }

  std::string Pair(const PairMarks& marks, std::string_view key, const json::value* schema) {
    const std::string close =
        marks.value_close + (marks.names_key ? std::string(key) + marks.value_close_behind_key : "");
    const ValueTypes types = TypesOf(schema, &root_value_);
    const std::string open = Literal(marks.key_open + std::string(key) + marks.key_close) + " ";
    const std::string end = " " + Literal(marks.trail + close);
    std::vector<std::string> ways;
    const auto way = [&](const std::string& word, const std::string& value) {
      const std::string attribute = marks.attribute_close.empty() ? "" : Literal(word + marks.attribute_close) + " ";
      ways.push_back(attribute + Literal(marks.lead) + " " + value);
    };
    if (types.text) way(marks.text_word, PlainText(*schema, close));
    // A text that may be anything holds all other values.
    if (!types.text || !marks.attribute_close.empty()) AddTyped(marks, *schema, types, close, way);
    return open + "(" + Alternatives(ways) + ")" + end;
  }

  static std::string Alternatives(const std::vector<std::string>& ways) {
    std::string text;
    for (const std::string& one : ways) text.append(text.empty() ? "" : " | ").append(one);
    return text;
  }

  std::string PlainText(const json::value& schema, const std::string& close) {
    std::vector<std::string> strings = NamedStrings(schema);
    for (std::string& one : strings) one = GrammarText::String(one);
    return strings.empty() ? grammar_.TextWithout({close}) : Joined(strings);
  }

  template <typename Way>
  void AddTyped(const PairMarks& marks, const json::value& schema, const ValueTypes& types, const std::string& close,
                Way way) {
    if (marks.nested && (types.object || types.array)) return way("", NestedText(marks, schema, types, close));
    const auto only = [&](std::string_view type) {
      json::value part = Alone(schema, root_);
      if (part.is_object()) part.get_object()["type"] = type;
      return GrammarText::Json(part);
    };
    if (marks.attribute_close.empty()) {
      std::string value = GrammarText::Json(Alone(schema, root_));
      // Templates in Python write these words.
      if (types.boolean && NamedValues(schema) == 0) value = "(" + value + " | \"True\" | \"False\")";
      return way("", value);
    }
    if (types.number)
      way(marks.number_word, NamedValues(schema) > 0 ? GrammarText::Json(Alone(schema, root_)) : only("number"));
    if (types.boolean) way(marks.boolean_word, "(\"true\" | \"false\")");
    if (types.null) way(marks.text_word == "true" ? marks.number_word : "null", "\"null\"");
    if (types.object) way(marks.object_word, only("object"));
    if (types.array) way(marks.array_word, only("array"));
  }

  // Objects and lists that are marked as arguments are.
  std::string NestedText(const PairMarks& marks, const json::value& schema, const ValueTypes& types,
                         const std::string& close) {
    const json::object& object = schema.get_object();
    std::vector<std::string> ways;
    if (types.object && Properties(object)) {
      ways.push_back(SequenceOf(
          object, "", [&](std::string_view key, const json::value* value) { return Pair(marks, key, value); }));
    }
    if (const json::value* items = types.array ? object.if_contains("items") : nullptr) {
      const std::string item = grammar_.NewName();
      grammar_.Add(item, Pair(marks, "item", items));
      ways.push_back(item + "*");
    }
    return ways.empty() ? grammar_.TextWithout({close}) : Joined(ways);
  }

  static size_t NamedValues(const json::value& schema) {
    const json::object* object = schema.if_object();
    return object ? object->count("enum") + object->count("const") : 0;
  }

  std::string PythonValue(const json::value* schema) {
    const ValueTypes types = TypesOf(schema, &root_value_);
    std::vector<std::string> ways;
    const std::vector<std::string> strings = schema ? NamedStrings(*schema) : std::vector<std::string>();
    for (const std::string& one : strings) ways.push_back(GrammarText::String("'" + one + "'"));
    if (types.text && strings.empty()) {
      ways.emplace_back("/'([^'\\\\\\n]|\\\\.)*'/");
      ways.emplace_back("/\"([^\"\\\\\\n]|\\\\.)*\"/");
    }
    if (types.boolean) ways.emplace_back("\"True\" | \"False\"");
    if (types.null) ways.emplace_back("\"None\"");
    if (types.number || types.object || types.array) {
      json::value part = schema ? Alone(*schema, root_) : json::object();
      if (part.is_object() && !types.none() && (types.text || types.boolean || types.null)) {
        json::array kinds;
        if (types.number) kinds.emplace_back("number");
        if (types.object) kinds.emplace_back("object");
        if (types.array) kinds.emplace_back("array");
        part.get_object()["type"] = kinds;
      }
      ways.push_back(GrammarText::Json(part));
    }
    return Joined(ways);
  }

  std::string GemmaText(const json::value* schema) const {
    const std::string quote = Literal("<|\"|>");
    std::vector<std::string> strings = schema ? NamedStrings(*schema) : std::vector<std::string>();
    for (std::string& one : strings) one = GrammarText::String(one);
    return quote + " " + (strings.empty() ? grammar_.TextWithout({"<|\"|>"}) : Joined(strings)) + " " + quote;
  }

  std::string GemmaObject(const json::object& schema, size_t depth) {
    if (depth < kMostDepth && Properties(schema)) {
      const auto pair = [&](std::string_view key, const json::value* value) {
        return GrammarText::String(std::string(key) + ":") + " " + GemmaValue(value, depth + 1);
      };
      return "\"{\" " + SequenceOf(schema, "\",\"", pair) + " \"}\"";
    }
    const std::string value = GemmaAny();
    const std::string member = grammar_.NewName();
    grammar_.Add(member, "/[A-Za-z_][A-Za-z0-9_.-]*:/ " + value);
    return "\"{\" (" + member + " (\",\" " + member + ")*)? \"}\"";
  }

  // Any value.
  std::string GemmaAny() {
    if (gemma_any_.empty()) {
      gemma_any_ = grammar_.NewName();
      const std::string member = grammar_.NewName();
      grammar_.Add(member, "/[A-Za-z_][A-Za-z0-9_.-]*:/ " + gemma_any_);
      grammar_.Add(gemma_any_, GemmaText(nullptr) + " | " + GrammarText::Json({{"type", "number"}}) +
                                   " | \"true\" | \"false\" | \"null\" | \"[\" (" + gemma_any_ + " (\",\" " +
                                   gemma_any_ + ")*)? \"]\" | \"{\" (" + member + " (\",\" " + member + ")*)? \"}\"");
    }
    return gemma_any_;
  }

  std::string GemmaValue(const json::value* schema, size_t depth) {
    const ValueTypes types = TypesOf(schema, &root_value_);
    const json::object* object = schema ? schema->if_object() : nullptr;
    if (!object || (types.text && types.object && types.array)) return GemmaAny();
    std::vector<std::string> ways;
    if (types.text) ways.push_back(GemmaText(schema));
    if (types.number) {
      json::value part = Alone(*schema, root_);
      if (part.get_object().if_contains("type") && (types.text || types.object || types.array))
        part.get_object()["type"] = "number";
      ways.push_back(GrammarText::Json(part));
    }
    if (types.boolean) ways.emplace_back("\"true\" | \"false\"");
    if (types.null) ways.emplace_back("\"null\"");
    if (types.object) ways.push_back(GemmaObject(*object, depth));
    if (types.array) {
      const json::value* items = object->if_contains("items");
      const std::string item = grammar_.NewName();
      grammar_.Add(item, items && depth < kMostDepth ? GemmaValue(items, depth + 1) : GemmaAny());
      ways.push_back("\"[\" (" + item + " (\",\" " + item + ")*)? \"]\"");
    }
    return Joined(ways);
  }

  static constexpr size_t kMostDepth = 8;

  const ChatRow& row_;
  const json::object& root_;
  const json::value root_value_;
  GrammarText& grammar_;
  std::string gemma_any_;
};

}  // namespace

std::string ArgumentsText(const ChatRow& row, const CallPart& part, const json::object& schema, GrammarText& grammar) {
  ArgumentWriter writer(row, schema, grammar);
  if (part.kind == CallPart::kPairs) return writer.Pairs();
  if (part.form == ValueForm::kPython) return writer.Python();
  if (part.form == ValueForm::kGemma) return writer.Gemma();
  return GrammarText::Json(schema);
}

}  // namespace sheepop
