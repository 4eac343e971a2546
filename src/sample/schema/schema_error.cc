#include <utility>

#include "base/quoted.h"
#include "sample/schema/json_schema.h"

namespace sheepop::schema {
namespace {

std::string Text(const SchemaFault& fault) {
  if (fault.pointer.empty()) return fmt::format("the schema: {}", fault.message);
  return fmt::format("the schema at {}: {}", Quoted(fault.pointer), fault.message);
}

}  // namespace

SchemaError::SchemaError(ErrorCategory category, SchemaFault fault)
    : Error(category, Text(fault)), fault_(std::move(fault)) {}

}  // namespace sheepop::schema
