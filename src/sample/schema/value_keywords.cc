#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <span>
#include <unordered_set>

#include "sample/schema/keyword_readers.h"
#include "sample/schema/subschema.h"
#include "sample/schema/values.h"

namespace sheepop::schema {
namespace {

namespace json = boost::json;

struct TypeName {
  std::string_view name;
  uint8_t bit;
};

constexpr TypeName kTypes[] = {
    {"null", kNull},     {"boolean", kBoolean}, {"object", kObject},  {"array", kArray},
    {"number", kNumber}, {"string", kString},   {"integer", kNumber},
};

constexpr std::string_view kAType = "null, boolean, object, array, number, string or integer";

constexpr ptrdiff_t kMostWrittenOut = 20'000;  // values of an enum, each a shape or a language of its own

void RequireFew(const Subschema& subschema, std::string_view keyword, std::span<const json::value> given) {
  const auto count = std::ranges::count_if(given, [](const json::value& value) { return !value.is_string(); });
  if (count <= kMostWrittenOut) return;
  throw SchemaError(ErrorCategory::kLimit,
                    {subschema.node.pointer, std::string(keyword),
                     fmt::format("{} numbers, arrays and objects are listed, the bound is {}; texts may be more", count,
                                 kMostWrittenOut)});
}

// Only those that are in both.
void Restrict(Subschema& subschema, std::string_view keyword, std::span<const json::value> given) {
  RequireFew(subschema, keyword, given);
  auto& values = subschema.node.values;
  std::unordered_set<std::string> allowed;
  if (values) {
    for (const json::value& value : *values) allowed.insert(CanonicalText(value));
  }
  std::vector<json::value> kept;
  std::unordered_set<std::string> known;
  for (const json::value& value : given) {
    if (HasInfinity(value)) subschema.Invalid(keyword, value, "made of numbers within those of a double");
    std::string text = CanonicalText(value);
    if (values && !allowed.contains(text)) continue;
    if (known.insert(std::move(text)).second) kept.push_back(value);
  }
  values = std::move(kept);
}

}  // namespace

void ReadType(Subschema& subschema, std::string_view keyword, const json::value& value) {
  uint8_t types = 0;
  bool number = false;
  const auto add = [&](const json::value& name) {
    const auto* const found =
        name.is_string() ? std::ranges::find(kTypes, name.get_string(), &TypeName::name) : nullptr;
    if (!found || found == std::end(kTypes)) subschema.Invalid(keyword, name, kAType);
    types |= found->bit;
    number |= found->name == "number";
  };
  if (!value.is_array()) {
    add(value);
  } else if (value.get_array().empty()) {
    subschema.Invalid(keyword, value, "a type or a list of at least one");
  } else {
    for (const json::value& name : value.get_array()) add(name);
  }
  subschema.node.types = types;
  subschema.node.integer = (types & kNumber) != 0 && !number;
}

void ReadEnum(Subschema& subschema, std::string_view keyword, const json::value& value) {
  if (!value.is_array()) subschema.Invalid(keyword, value, "a list of values");
  Restrict(subschema, keyword, {value.get_array().data(), value.get_array().size()});
}

void ReadConst(Subschema& subschema, std::string_view keyword, const json::value& value) {
  Restrict(subschema, keyword, {&value, 1});
}

}  // namespace sheepop::schema
