// Typed reads of the fields of a JSON document. Absent and null are the same; another type throws kCorrupt with the path.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sheepop::json {

namespace bj = boost::json;

inline std::string_view View(const bj::string& text) { return {text.data(), text.size()}; }

[[noreturn]] inline void WrongType(std::string_view path, std::string_view key, std::string_view wanted) {
  throw Error(ErrorCategory::kCorrupt, "{}.{} is not {}", path, key, wanted);
}

inline const bj::value* FieldAt(const bj::object& object, std::string_view key) {
  const bj::value* value = object.if_contains({key.data(), key.size()});
  return value && !value->is_null() ? value : nullptr;
}

inline const bj::object* ObjectAt(const bj::object& object, std::string_view path, std::string_view key) {
  const bj::value* value = FieldAt(object, key);
  if (value && !value->is_object()) WrongType(path, key, "an object");
  return value ? &value->get_object() : nullptr;
}

inline const bj::array* ArrayAt(const bj::object& object, std::string_view path, std::string_view key) {
  const bj::value* value = FieldAt(object, key);
  if (value && !value->is_array()) WrongType(path, key, "an array");
  return value ? &value->get_array() : nullptr;
}

inline std::string_view StringAt(const bj::object& object, std::string_view path, std::string_view key,
                                 std::string_view fallback = {}) {
  const bj::value* value = FieldAt(object, key);
  if (value && !value->is_string()) WrongType(path, key, "a string");
  return value ? View(value->get_string()) : fallback;
}

inline bool BoolAt(const bj::object& object, std::string_view path, std::string_view key, bool fallback) {
  const bj::value* value = FieldAt(object, key);
  if (value && !value->is_bool()) WrongType(path, key, "true or false");
  return value ? value->get_bool() : fallback;
}

}  // namespace sheepop::json
