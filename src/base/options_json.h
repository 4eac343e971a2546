// Options as JSON, by the rows of their table: numbers and switches as such, lists as arrays, null for what nobody gave,
// the rest as text.
#pragma once

#include <boost/json/fwd.hpp>

#include "base/option_table.h"

namespace sheepop {

// All rows, in their order. `options` is the struct of the table.
boost::json::object OptionsJson(const AnyOptionTable& table, const void* options);

// Sets the rows that are named and leaves the others, and those whose value is null. Throws kInvalidArgument, naming field, value and bound, and for a
// name that no row has, with the nearest one that is.
void SetFromJson(const AnyOptionTable& table, const boost::json::object& fields, void* options);

// One value.
boost::json::value OptionJson(const AnyOptionTable& table, const OptionRow& row, const void* options);
void SetFromJson(const AnyOptionTable& table, const OptionRow& row, const boost::json::value& value, void* options);

}  // namespace sheepop
