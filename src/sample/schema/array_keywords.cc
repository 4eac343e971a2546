#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "sample/schema/keyword_readers.h"
#include "sample/schema/subschema.h"

namespace sheepop::schema {

namespace json = boost::json;

// A list of schemas is what "prefixItems" is in draft 2020-12.
void ReadItems(Subschema& subschema, std::string_view keyword, const json::value& value) {
  if (!value.is_array()) {
    subschema.node.items = subschema.Child(keyword, value);
    return;
  }
  if (subschema.dialect().draft == kDraft2020) {
    if (subschema.dialect().named || subschema.Sibling("prefixItems")) {
      subschema.Invalid(keyword, value, "a schema; a list of schemas is prefixItems");
    }
    subschema.WarnOlder(keyword, "a list as prefixItems");
  }
  for (const json::value& schema : value.get_array()) {
    subschema.node.prefix_items.push_back(subschema.Child(keyword, schema));
  }
}

void ReadPrefixItems(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.node.prefix_items = subschema.Children(keyword, value);
}

void ReadAdditionalItems(Subschema& subschema, std::string_view keyword, const json::value& value) {
  const NodeId child = subschema.Child(keyword, value);
  const json::value* const items = subschema.Sibling("items");
  if (!items || !items->is_array()) return;
  subschema.node.items = child;
  if (subschema.dialect().draft == kDraft2020) subschema.WarnOlder(keyword, "of what stands behind a list of items");
}

void ReadUnevaluatedItems(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.node.unevaluated_items = subschema.Child(keyword, value);
}

void ReadContains(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.node.contains = subschema.Child(keyword, value);
  subschema.node.contains_evaluates = subschema.dialect().draft == kDraft2020;
}

void ReadMinContains(Subschema& subschema, std::string_view keyword, const json::value& value) {
  const uint64_t count = subschema.Count(keyword, value);
  if (subschema.Sibling("contains")) subschema.node.min_contains = count;
}

void ReadMaxContains(Subschema& subschema, std::string_view keyword, const json::value& value) {
  const uint64_t count = subschema.Count(keyword, value);
  if (subschema.Sibling("contains")) subschema.node.max_contains = count;
}

void ReadMinItems(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.node.min_items = subschema.Count(keyword, value);
}

void ReadMaxItems(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.node.max_items = subschema.Count(keyword, value);
}

void ReadUniqueItems(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.node.unique_items = subschema.Bool(keyword, value);
}

}  // namespace sheepop::schema
