#include "generate/chat_arguments.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <vector>

namespace sheepop {

namespace json = boost::json;

namespace {

constexpr size_t kMostDepth = 32;  // of references, and of marks within marks

const json::value* Member(const json::value* value, std::string_view name) {
  return value && value->is_object() ? value->get_object().if_contains(name) : nullptr;
}

void Merge(const ValueTypes& from, ValueTypes& into) {
  into.text |= from.text;
  into.number |= from.number;
  into.boolean |= from.boolean;
  into.null |= from.null;
  into.object |= from.object;
  into.array |= from.array;
}

void AddNamed(std::string_view type, ValueTypes& types) {
  types.text |= type == "string";
  types.number |= type == "number" || type == "integer";
  types.boolean |= type == "boolean";
  types.null |= type == "null";
  types.object |= type == "object";
  types.array |= type == "array";
}

ValueTypes TypeOf(const json::value& value) {
  return {value.is_string(), value.is_number(), value.is_bool(), value.is_null(), value.is_object(), value.is_array()};
}

ValueTypes TypesWithin(const json::value* schema, const json::value* root, size_t depth) {
  ValueTypes types;
  if (!schema || !schema->is_object() || depth == 0) return ValueTypes::All();
  if (const json::value* type = Member(schema, "type")) {
    if (type->is_string()) AddNamed(type->get_string(), types);
    if (type->is_array()) {
      for (const json::value& one : type->get_array()) {
        if (one.is_string()) AddNamed(one.get_string(), types);
      }
    }
    return types.none() ? ValueTypes::All() : types;
  }
  if (const json::value* value = Member(schema, "const")) return TypeOf(*value);
  if (const json::value* values = Member(schema, "enum"); values && values->is_array()) {
    for (const json::value& value : values->get_array()) Merge(TypeOf(value), types);
    return types;
  }
  if (const json::value* reference = Member(schema, "$ref"); reference && reference->is_string() && root) {
    boost::system::error_code failed;
    const std::string_view pointer = reference->get_string();
    const json::value* target = pointer.starts_with('#') ? root->find_pointer(pointer.substr(1), failed) : nullptr;
    return TypesWithin(target, root, depth - 1);
  }
  for (const std::string_view name : {"anyOf", "oneOf"}) {
    const json::value* any = Member(schema, name);
    if (!any || !any->is_array()) continue;
    for (const json::value& one : any->get_array()) Merge(TypesWithin(&one, root, depth - 1), types);
    return types.none() ? ValueTypes::All() : types;
  }
  if (Member(schema, "properties")) return {.object = true};
  if (Member(schema, "items")) return {.array = true};
  return ValueTypes::All();
}

bool Allows(const ValueTypes& types, std::string_view value) {
  switch (value.empty() ? ' ' : value.front()) {
    case '"': return types.text;
    case '{': return types.object;
    case '[': return types.array;
    case 't':
    case 'f': return types.boolean;
    case 'n': return types.null;
    default: return types.number;
  }
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  AppendJsonString(text, out);
  return out + '"';
}

std::string Typed(std::string_view text, const ValueTypes& types) {
  if (types.only_text()) return Quoted(text);
  const std::string_view inner = Trim(text);
  if (inner.empty() && !types.text && (types.object || types.array)) return types.object ? "{}" : "[]";
  for (const ValueForm form : {ValueForm::kJson, ValueForm::kPython}) {
    if (form == ValueForm::kPython && types.text) break;
    const std::optional<std::string> value = ValueOf(inner, form);
    // A text in quotation marks may be meant as it is.
    if (value && Allows(types, *value) && !(types.text && value->starts_with('"'))) return *value;
  }
  return Quoted(text);
}

const json::value* SchemaWithin(const json::value* schema, std::string_view key) {
  if (key == "item") {
    if (const json::value* items = Member(schema, "items")) return items;
  }
  return Member(Member(schema, "properties"), key);
}

// MiniMax-M3's objects and lists: OPEN key> ... CLOSE key>.
class Nested {
 public:
  Nested(const PairMarks& marks, const json::value* root) : marks_(marks), root_(root) {}

  std::string Json(std::string_view text, const json::value* schema, size_t depth) {
    if (depth == 0 || !TrimFront(text).starts_with(marks_.key_open))
      return Typed(text, TypesWithin(schema, root_, kMostDepth));
    std::string members, items;
    bool list = true;
    std::string_view rest = TrimFront(text);
    while (!rest.empty()) {
      const std::optional<Element> element = Next(rest);
      if (!element) return Typed(text, TypesWithin(schema, root_, kMostDepth));
      list &= element->key == "item";
      const std::string value = Json(element->value, SchemaWithin(schema, element->key), depth - 1);
      members.append(members.empty() ? "" : ",").append(Quoted(element->key)).append(":").append(value);
      items.append(items.empty() ? "" : ",").append(value);
      rest = TrimFront(rest);
    }
    return list ? "[" + items + "]" : "{" + members + "}";
  }

 private:
  struct Element {
    std::string_view key, value;
  };

  // Takes the element at the front of `text` away.
  std::optional<Element> Next(std::string_view& text) const {
    if (!text.starts_with(marks_.key_open)) return {};
    const size_t from = marks_.key_open.size(), end = text.find(marks_.key_close, from);
    if (end == std::string_view::npos) return {};
    const std::string_view key = text.substr(from, end - from);
    const std::string open = marks_.key_open + std::string(key) + marks_.key_close;
    const std::string close = marks_.value_close + std::string(key) + marks_.value_close_behind_key;
    size_t depth = 1, at = end + marks_.key_close.size();
    const size_t begin = at;
    while (depth > 0) {
      const size_t next_close = text.find(close, at), next_open = text.find(open, at);
      if (next_close == std::string_view::npos) return {};
      depth = next_open < next_close ? depth + 1 : depth - 1;
      at = next_open < next_close ? next_open + open.size() : next_close + close.size();
    }
    const Element element{key, text.substr(begin, at - close.size() - begin)};
    text.remove_prefix(at);
    return element;
  }

  const PairMarks& marks_;
  const json::value* root_;
};

}  // namespace

const json::object* ToolSchemas::Find(std::string_view name) const {
  for (const json::value& tool : tools_) {
    const json::value* function = Member(&tool, "function");
    if (!function) function = &tool;
    const json::value* own = Member(function, "name");
    if (own && own->is_string() && std::string_view(own->get_string()) == name) return &function->get_object();
  }
  return nullptr;
}

const json::value* ToolSchemas::Parameters(std::string_view tool) const {
  const json::object* function = Find(tool);
  return function ? function->if_contains("parameters") : nullptr;
}

const json::value* ToolSchemas::Argument(std::string_view tool, std::string_view key) const {
  return Member(Member(Parameters(tool), "properties"), key);
}

ValueTypes TypesOf(const json::value* schema, const json::value* root) { return TypesWithin(schema, root, kMostDepth); }

std::string ArgumentJson(std::string_view text, const json::value* schema, const json::value* root,
                         const PairMarks& marks, std::string_view word) {
  if (marks.nested) return Nested(marks, root).Json(text, schema, kMostDepth);
  if (!marks.attribute_close.empty()) {
    ValueTypes types = ValueTypes::All();
    if (word == marks.text_word) return Quoted(text);
    types.text = false;
    return Typed(text, types);
  }
  return Typed(text, TypesOf(schema, root));
}

}  // namespace sheepop
