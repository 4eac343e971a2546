#include "sample/schema/subschema.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <unordered_set>

#include "base/quoted.h"
#include "sample/schema/keyword.h"

namespace sheepop::schema {
namespace {

namespace json = boost::json;

// The value, or what kind of value it is where it may be long.
std::string Shown(const json::value& value) {
  if (value.is_string()) return Quoted(value.get_string());
  if (value.is_array()) return value.get_array().empty() ? "[]" : "an array";
  if (value.is_object()) return "an object";
  return json::serialize(value);
}

}  // namespace

Subschema::Subschema(Reader& reader, PlaceId place, ScopeId scope) : reader_(reader), place_(place), scope_(scope) {
  node.pointer = reader.places().Pointer(place);
}

Node Subschema::Read() {
  const json::value& schema = *reader_.places()[place_].schema;
  if (const Resource& resource = reader_.places().resource(place_); resource.unknown_metaschema) {
    reader_.Unsupported(resource.root, "$schema",
                        fmt::format("$schema is {}, must be that of draft 4, 6, 7, 2019-09 or 2020-12, such as "
                                    "\"https://json-schema.org/draft/2020-12/schema\"",
                                    Quoted(*resource.unknown_metaschema)));
  }
  if (schema.is_bool()) {
    node.never = !schema.get_bool();
  } else if (dialect().Until7() && schema.get_object().contains("$ref")) {
    ReadReferenceAlone(schema.get_object());
  } else {
    for (const auto& [name, value] : schema.get_object()) ReadKeyword(name, value);
  }
  return std::move(node);
}

void Subschema::ReadKeyword(std::string_view name, const json::value& value) {
  const Keyword* const keyword = FindKeyword(name);
  if (!keyword || !keyword->IsReadIn(dialect())) {
    TellIgnored(name);
  } else if (keyword->read) {
    keyword->read(*this, name, value);
  }
}

// Drafts 4 to 7: what stands beside "$ref" is ignored.
void Subschema::ReadReferenceAlone(const json::object& schema) {
  ReadKeyword("$ref", schema.at("$ref"));
  for (const auto& [name, value] : schema) {
    const Keyword* const keyword = FindKeyword(name);
    const bool asks = keyword && keyword->IsReadIn(dialect()) && keyword->read && name[0] != '$' && name != "id" &&
                      name != "definitions";
    if (!asks) continue;
    reader_.Warn("ref_siblings", name, node.pointer,
                 fmt::format("{} at {} stands beside $ref and asks for nothing: {} ignores what does",
                             std::string(name), Where(), Name(dialect().draft)));
  }
}

void Subschema::TellIgnored(std::string_view name) {
  if (FindKeyword(name)) {
    reader_.Warn("other_draft", name, node.pointer,
                 fmt::format("{} at {} is a keyword of another draft and asks for nothing in {}", name, Where(),
                             Name(dialect().draft)));
  } else {
    reader_.Warn(
        "unknown_keyword", name, node.pointer,
        fmt::format("{} at {} is no keyword and asks for nothing{}", Quoted(name), Where(), KeywordLike(name)));
  }
}

void Subschema::WarnOlder(std::string_view keyword, std::string_view meaning) {
  reader_.Warn(
      "older_form", keyword, node.pointer,
      fmt::format("{} at {} is read as older drafts do, {}: the schema names no $schema, and draft 2020-12 does not "
                  "know it",
                  keyword, Where(), meaning));
}

std::string Subschema::Where() const { return node.pointer.empty() ? "the root of the schema" : Quoted(node.pointer); }

const json::value* Subschema::Sibling(std::string_view keyword) const {
  const json::value& schema = *reader_.places()[place_].schema;
  return FindKeyword(keyword)->IsReadIn(dialect()) ? schema.get_object().if_contains(keyword) : nullptr;
}

NodeId Subschema::Child(std::string_view keyword, const json::value& schema) {
  if (!schema.is_object() && !schema.is_bool()) Invalid(keyword, schema, "a schema: an object, true or false");
  return reader_.NodeOf(reader_.places().Of(schema), scope_);
}

std::vector<NodeId> Subschema::Children(std::string_view keyword, const json::value& list) {
  if (!list.is_array() || list.get_array().empty()) Invalid(keyword, list, "a list of at least one schema");
  std::vector<NodeId> children;
  for (const json::value& schema : list.get_array()) children.push_back(Child(keyword, schema));
  return children;
}

std::vector<std::pair<std::string, NodeId>> Subschema::NamedChildren(std::string_view keyword,
                                                                     const json::value& object) {
  std::vector<std::pair<std::string, NodeId>> children;
  for (const auto& [name, schema] : Object(keyword, object)) children.emplace_back(name, Child(keyword, schema));
  return children;
}

std::string_view Subschema::Text(std::string_view keyword, const json::value& value) const {
  if (!value.is_string()) Invalid(keyword, value, "a string");
  return value.get_string();
}

bool Subschema::Bool(std::string_view keyword, const json::value& value) const {
  if (!value.is_bool()) Invalid(keyword, value, "true or false");
  return value.get_bool();
}

grammar::Decimal Subschema::Number(std::string_view keyword, const json::value& value) const {
  if (value.is_int64()) return grammar::Decimal::Of(value.get_int64());
  if (value.is_uint64()) return grammar::Decimal::Of(value.get_uint64());
  if (!value.is_double() || !std::isfinite(value.get_double()))
    Invalid(keyword, value, "a number within those of a double");
  return grammar::Decimal::Of(value.get_double());
}

uint64_t Subschema::Count(std::string_view keyword, const json::value& value) const {
  if (value.is_uint64()) return value.get_uint64();
  if (value.is_int64() && value.get_int64() >= 0) return static_cast<uint64_t>(value.get_int64());
  const double real = value.is_double() ? value.get_double() : -1;
  if (!(real >= 0) || std::floor(real) != real) Invalid(keyword, value, "a whole number, at least 0");
  return real < 0x1p64 ? static_cast<uint64_t>(real) : UINT64_MAX;
}

const json::object& Subschema::Object(std::string_view keyword, const json::value& value) const {
  if (!value.is_object()) Invalid(keyword, value, "an object");
  return value.get_object();
}

std::vector<std::string> Subschema::Names(std::string_view keyword, const json::value& value) {
  if (!value.is_array()) Invalid(keyword, value, "a list of names");
  std::vector<std::string> names;
  std::unordered_set<std::string_view> known;
  for (const json::value& name : value.get_array()) {
    if (!name.is_string()) Invalid(keyword, name, "a list of names, which are strings");
    if (known.insert(name.get_string()).second) {
      names.emplace_back(name.get_string());
    } else {
      reader_.Warn("repeated", keyword, node.pointer,
                   fmt::format("{} at {} has {} more than once", keyword, Where(), Quoted(name.get_string())));
    }
  }
  return names;
}

void Subschema::Invalid(std::string_view keyword, const json::value& value, std::string_view wanted) const {
  reader_.Invalid(place_, keyword, fmt::format("{} is {}, must be {}", keyword, Shown(value), wanted));
}

}  // namespace sheepop::schema
