#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "sample/schema/keyword_readers.h"
#include "sample/schema/subschema.h"

namespace sheepop::schema {

namespace json = boost::json;

void ReadProperties(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.node.properties = subschema.NamedChildren(keyword, value);
}

void ReadPatternProperties(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.node.pattern_properties = subschema.NamedChildren(keyword, value);
}

void ReadAdditionalProperties(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.node.additional_properties = subschema.Child(keyword, value);
}

void ReadUnevaluatedProperties(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.node.unevaluated_properties = subschema.Child(keyword, value);
}

void ReadPropertyNames(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.node.property_names = subschema.Child(keyword, value);
}

void ReadRequired(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.node.required = subschema.Names(keyword, value);
}

void ReadMinProperties(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.node.min_properties = subschema.Count(keyword, value);
}

void ReadMaxProperties(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.node.max_properties = subschema.Count(keyword, value);
}

void ReadDependentRequired(Subschema& subschema, std::string_view keyword, const json::value& value) {
  for (const auto& [name, names] : subschema.Object(keyword, value)) {
    subschema.node.dependent_required.emplace_back(name, subschema.Names(keyword, names));
  }
}

void ReadDependentSchemas(Subschema& subschema, std::string_view keyword, const json::value& value) {
  for (auto& child : subschema.NamedChildren(keyword, value)) {
    subschema.node.dependent_schemas.push_back(std::move(child));
  }
}

// Split in two since draft 2019-09.
void ReadDependencies(Subschema& subschema, std::string_view keyword, const json::value& value) {
  for (const auto& [name, dependency] : subschema.Object(keyword, value)) {
    if (dependency.is_array()) {
      subschema.node.dependent_required.emplace_back(name, subschema.Names(keyword, dependency));
    } else {
      subschema.node.dependent_schemas.emplace_back(name, subschema.Child(keyword, dependency));
    }
  }
  if (!subschema.dialect().Until7()) subschema.WarnOlder(keyword, "as dependentRequired and dependentSchemas");
}

}  // namespace sheepop::schema
