#include <fmt/core.h>

#include <boost/json/serialize.hpp>

#include "base/quoted.h"
#include "generate/chat_grammar.h"
#include "sample/schema/json_schema.h"

namespace sheepop {

namespace json = boost::json;

namespace {

json::object AnyObject() { return {{"type", "object"}}; }

// The fault of a schema; nothing where it can be kept.
std::optional<schema::SchemaFault> FaultOf(const json::object& schema) {
  try {
    grammar::Grammar grammar;
    schema::SchemaNotes notes;
    schema::AddJsonSchema(schema, {}, grammar, notes);
  } catch (const schema::SchemaError& error) {
    return error.fault();
  } catch (const Error& error) {
    return schema::SchemaFault{"", "", error.what()};
  }
  return {};
}

// Takes the keyword out, or, where the schema there is at fault as a whole, all that it says.
bool TakeOut(const schema::SchemaFault& fault, json::object& schema) {
  json::value whole = schema;
  boost::system::error_code failed;
  json::value* at = fault.pointer.empty() ? &whole : whole.find_pointer(fault.pointer, failed);
  if (!at) return false;
  if (at->is_object() && !fault.keyword.empty() && at->get_object().erase(fault.keyword) > 0) {
    schema = whole.as_object();
    return true;
  }
  if (fault.pointer.empty()) return false;
  *at = json::object();
  schema = whole.as_object();
  return true;
}

}  // namespace

json::object KeptSchema(const json::object& function, std::string_view name, std::vector<Warning>& warnings) {
  const auto warn = [&](std::string_view keyword, std::string_view line) {
    warnings.push_back(
        {"tool_schema", std::string(name), std::string(keyword), fmt::format("the tool {}: {}", Quoted(name), line)});
  };
  const json::value* parameters = function.if_contains("parameters");
  if (!parameters || parameters->is_null()) return {{"type", "object"}, {"properties", json::object()}};
  const json::object* given = parameters->if_object();
  const json::value* type = given ? given->if_contains("type") : nullptr;
  if (!given || (type && (!type->is_string() || type->get_string() != "object"))) {
    warn("type", "its parameters are no schema of an object, so any object is taken for its arguments");
    return AnyObject();
  }
  json::object schema = *given;
  schema["type"] = "object";
  constexpr int kMostFaults = 64;
  for (int i = 0; i < kMostFaults; ++i) {
    const std::optional<schema::SchemaFault> fault = FaultOf(schema);
    if (!fault) return schema;
    if (!TakeOut(*fault, schema) || !schema.contains("type")) break;
    warn(fault->keyword, fmt::format("{} at {} cannot be kept and is left free: {}",
                                     fault->keyword.empty() ? "the schema" : Quoted(fault->keyword),
                                     Quoted("/parameters" + fault->pointer), fault->message));
  }
  warn("", "its parameters cannot be kept, so any object is taken for its arguments");
  return AnyObject();
}

}  // namespace sheepop
