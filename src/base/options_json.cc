#include "base/options_json.h"

#include <fmt/core.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "base/error.h"

namespace sheepop {
namespace {

namespace json = boost::json;

// A number as the table writes it: whole where it is.
json::value Number(const std::string& text) {
  const char* const end = text.data() + text.size();
  int64_t whole = 0;
  if (const auto read = std::from_chars(text.data(), end, whole); read.ec == std::errc() && read.ptr == end) {
    return whole;
  }
  double real = 0;
  std::from_chars(text.data(), end, real);
  return real;
}

std::string TextOf(const OptionRow& row, const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  if (value.is_int64()) return fmt::format("{}", value.get_int64());
  if (value.is_uint64()) return fmt::format("{}", value.get_uint64());
  if (value.is_double()) return NumberText(value.get_double());
  throw Error(ErrorCategory::kInvalidArgument, "{} is {}, must be a number, text, true or false", row.name,
              json::serialize(value));
}

}  // namespace

json::value OptionJson(const AnyOptionTable& table, const OptionRow& row, const void* options) {
  if (table.IsLeft(options, row)) return nullptr;
  const std::vector<std::string> elements = table.Elements(options, row);
  const OptionType::Shape shape = row.field.type().shape();
  if (shape == OptionType::Shape::kList) return json::array(elements.begin(), elements.end());
  if (elements.empty()) return nullptr;
  if (shape == OptionType::Shape::kSwitch) return elements[0] == "true";
  if (shape == OptionType::Shape::kNumber) return Number(elements[0]);
  return json::value(elements[0]);
}

json::object OptionsJson(const AnyOptionTable& table, const void* options) {
  json::object out;
  for (const OptionRow& row : table.rows()) out[row.name] = OptionJson(table, row, options);
  return out;
}

void SetFromJson(const AnyOptionTable& table, const OptionRow& row, const json::value& value, void* options) {
  if (value.is_null()) return;
  if (!row.is_list()) return table.Set(options, row, TextOf(row, value));
  if (!value.is_array())
    throw Error(ErrorCategory::kInvalidArgument, "{} is {}, must be a list", row.name, json::serialize(value));
  table.Clear(options, row);
  for (const json::value& element : value.get_array()) table.Set(options, row, TextOf(row, element));
}

void SetFromJson(const AnyOptionTable& table, const json::object& fields, void* options) {
  for (const auto& field : fields) SetFromJson(table, table.Named(field.key()), field.value(), options);
}

}  // namespace sheepop
