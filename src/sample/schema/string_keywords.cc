#include <fmt/format.h>

#include <boost/json/value.hpp>

#include "base/quoted.h"
#include "sample/schema/formats.h"
#include "sample/schema/keyword_readers.h"
#include "sample/schema/subschema.h"

namespace sheepop::schema {

namespace json = boost::json;

void ReadMinLength(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.node.min_length = subschema.Count(keyword, value);
}

void ReadMaxLength(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.node.max_length = subschema.Count(keyword, value);
}

void ReadPattern(Subschema& subschema, std::string_view keyword, const json::value& value) {
  subschema.node.pattern = subschema.Text(keyword, value);
}

void ReadFormat(Subschema& subschema, std::string_view keyword, const json::value& value) {
  const std::string_view format = subschema.Text(keyword, value);
  if (subschema.reader().options().format == FormatUse::kAnnotate) return;
  if (IsKnownFormat(format)) {
    subschema.node.format = format;
  } else {
    subschema.reader().Warn("unknown_format", format, subschema.node.pointer,
                            fmt::format("the format {} is not known and asks for nothing", Quoted(format)));
  }
}

}  // namespace sheepop::schema
