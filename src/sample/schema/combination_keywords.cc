#include <boost/json/value.hpp>

#include "sample/schema/keyword_readers.h"
#include "sample/schema/subschema.h"

namespace sheepop::schema {

namespace json = boost::json;

void ReadAllOf(Subschema& subschema, std::string_view keyword, const json::value& value) {
  for (const NodeId child : subschema.Children(keyword, value)) subschema.node.all_of.push_back(child);
}

void ReadAnyOf(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.node.any_of.push_back(subschema.Children(keyword, value));
}

void ReadOneOf(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.node.one_of.push_back(subschema.Children(keyword, value));
}

void ReadNot(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.node.negated = subschema.Child(keyword, value);
}

void ReadIf(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.node.if_schema = subschema.Child(keyword, value);
}

void ReadThen(Subschema& subschema, std::string_view keyword, const json::value& value) {
  if (subschema.Sibling("if")) subschema.node.then_schema = subschema.Child(keyword, value);
}

void ReadElse(Subschema& subschema, std::string_view keyword, const json::value& value) {
  if (subschema.Sibling("if")) subschema.node.else_schema = subschema.Child(keyword, value);
}

}  // namespace sheepop::schema
