// The fields of a request's JSON object, read strictly: a type that is wrong, a value out of its bounds, or a field that
// nobody has read is refused with 400 and error.param. Nothing is clamped, cut or ignored.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/numbers.h"
#include "serve/api_error.h"

namespace sheepop {

enum class UnknownFields { kRefuse, kWarn };

class Fields {
 public:
  // `path`: what names the object in messages and params ("messages[2]"); empty for the request itself. `object` must
  // outlive it.
  explicit Fields(const boost::json::object& object, std::string path = {});

  // Each marks its field as read; a field that is absent or null is none. Names must outlive the reader. Throw ApiError.
  const boost::json::value* Any(std::string_view name);
  std::optional<bool> Bool(std::string_view name);
  std::optional<double> Number(std::string_view name, const Bounds& bounds);
  std::optional<int64_t> Integer(std::string_view name, const Bounds& bounds);  // 3.0 is an integer too
  std::optional<std::string> String(std::string_view name);
  std::optional<std::string> Choice(std::string_view name, std::initializer_list<std::string_view> choices);
  const boost::json::object* Object(std::string_view name);
  const boost::json::array* Array(std::string_view name);
  std::vector<std::string> StringOrList(std::string_view name);

  // Of several names for one thing, the one that is there, else the first; all are read. Two at once are refused.
  std::string_view OneOf(std::initializer_list<std::string_view> names);

  // Marks what cannot change the text as read, and names it in `unused` where it is there.
  void Unused(std::initializer_list<std::string_view> names, std::vector<std::string>& unused);

  // After the last: throws for the first field that nobody has read, with the nearest that is known; with kWarn all such
  // are named in `unused`.
  void Finish(UnknownFields unknown, std::vector<std::string>& unused);

  std::string Path(std::string_view name) const;                                  // "messages[2].content"
  [[noreturn]] void Refuse(std::string_view name, std::string_view wrong) const;  // 400: "n is 0, must be at least 1"
  [[noreturn]] void WrongType(std::string_view name, const boost::json::value& value, std::string_view wanted) const;

 private:
  const boost::json::object& object_;
  const std::string path_;
  std::vector<std::string_view> read_;
};

// A value as messages show it: numbers and short texts as they are, lists and objects by their kind.
std::string Shown(const boost::json::value& value);

// The element of an array: "messages[2]".
std::string ElementPath(std::string_view array, size_t index);

}  // namespace sheepop
