#include <boost/json/value.hpp>
#include <optional>

#include "sample/schema/keyword_readers.h"
#include "sample/schema/subschema.h"

namespace sheepop::schema {
namespace {

namespace json = boost::json;
using Bound = std::optional<grammar::Decimal>;

// Draft 4 has "exclusiveMinimum": true beside a minimum.
bool IsOlderForm(const Subschema& subschema, const json::value& value) {
  const Dialect dialect = subschema.dialect();
  return value.is_bool() && (dialect.draft == kDraft4 || !dialect.named);
}

void ReadBound(Subschema& subschema, std::string_view keyword, const json::value& value,
               std::string_view exclusive_keyword, Bound& bound, Bound& exclusive_bound) {
  const grammar::Decimal number = subschema.Number(keyword, value);
  const json::value* const exclusive = subschema.Sibling(exclusive_keyword);
  const bool excluded = exclusive && IsOlderForm(subschema, *exclusive) && exclusive->get_bool();
  (excluded ? exclusive_bound : bound) = number;
}

void ReadExclusiveBound(Subschema& subschema, std::string_view keyword, const json::value& value, Bound& bound) {
  if (IsOlderForm(subschema, value)) {
    if (subschema.dialect().draft != kDraft4) subschema.WarnOlder(keyword, "as a part of the bound beside it");
    return;
  }
  if (subschema.dialect().draft == kDraft4) subschema.Bool(keyword, value);
  bound = subschema.Number(keyword, value);
}

}  // namespace

void ReadMinimum(Subschema& subschema, std::string_view keyword, const json::value& value) {
  ReadBound(subschema, keyword, value, "exclusiveMinimum", subschema.node.minimum, subschema.node.exclusive_minimum);
}

void ReadMaximum(Subschema& subschema, std::string_view keyword, const json::value& value) {
  ReadBound(subschema, keyword, value, "exclusiveMaximum", subschema.node.maximum, subschema.node.exclusive_maximum);
}

void ReadExclusiveMinimum(Subschema& subschema, std::string_view keyword, const json::value& value) {
  ReadExclusiveBound(subschema, keyword, value, subschema.node.exclusive_minimum);
}

void ReadExclusiveMaximum(Subschema& subschema, std::string_view keyword, const json::value& value) {
  ReadExclusiveBound(subschema, keyword, value, subschema.node.exclusive_maximum);
}

void ReadMultipleOf(Subschema& subschema, std::string_view keyword, const json::value& value) {
  grammar::Decimal divisor = subschema.Number(keyword, value);
  if (divisor.negative || divisor.digits.empty()) subschema.Invalid(keyword, value, "greater than 0");
  subschema.node.multiple_of = std::move(divisor);
}

}  // namespace sheepop::schema
