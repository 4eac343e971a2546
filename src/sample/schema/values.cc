#include "sample/schema/values.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "sample/grammar/decimal.h"

namespace sheepop::schema {
namespace {

namespace json = boost::json;

void Append(const json::value& value, std::string& out);

void AppendObject(const json::object& object, std::string& out) {
  std::vector<std::pair<std::string_view, const json::value*>> members;
  for (const auto& [name, member] : object) members.emplace_back(name, &member);
  std::ranges::sort(members);
  out += '{';
  for (const auto& [name, member] : members) {
    if (out.back() != '{') out += ',';
    out += json::serialize(json::string_view(name.data(), name.size())) + ":";
    Append(*member, out);
  }
  out += '}';
}

void AppendArray(const json::array& array, std::string& out) {
  out += '[';
  for (const json::value& element : array) {
    if (out.back() != '[') out += ',';
    Append(element, out);
  }
  out += ']';
}

void Append(const json::value& value, std::string& out) {
  switch (value.kind()) {
    case json::kind::object: return AppendObject(value.get_object(), out);
    case json::kind::array: return AppendArray(value.get_array(), out);
    case json::kind::int64: out += grammar::Decimal::Of(value.get_int64()).Text(); return;
    case json::kind::uint64: out += grammar::Decimal::Of(value.get_uint64()).Text(); return;
    case json::kind::double_: out += grammar::Decimal::Of(value.get_double()).Text(); return;
    default: out += json::serialize(value);
  }
}

}  // namespace

std::string CanonicalText(const json::value& value) {
  std::string out;
  Append(value, out);
  return out;
}

bool HasInfinity(const json::value& value) {
  if (value.is_double()) return !std::isfinite(value.get_double());
  if (value.is_array()) return std::ranges::any_of(value.get_array(), HasInfinity);
  if (!value.is_object()) return false;
  return std::ranges::any_of(value.get_object(), [](const auto& member) { return HasInfinity(member.value()); });
}

}  // namespace sheepop::schema
