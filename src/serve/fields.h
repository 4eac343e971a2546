// The fields of a request's JSON object, read strictly: a type that is wrong, a value out of its bounds, or a field that
// nobody has read is refused with 400 and error.param. Nothing is clamped, cut or ignored.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
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

  // Each marks its field as read; a field that is absent or null is none. Throw ApiError.
  const boost::json::value* Any(std::string_view name);
  std::optional<bool> Bool(std::string_view name);
  std::optional<double> Number(std::string_view name, const Bounds& bounds);
  std::optional<int64_t> Integer(std::string_view name, const Bounds& bounds);  // 3.0 is an integer too
  std::optional<std::string> String(std::string_view name);
  std::optional<std::string> Choice(std::string_view name, std::initializer_list<std::string_view> choices);
  const boost::json::object* Object(std::string_view name);
  const boost::json::array* Array(std::string_view name);
  std::vector<std::string> StringOrList(std::string_view name);

  // Marks what cannot change the text as read, and names it in `unused` where it is there.
  void Unused(std::initializer_list<std::string_view> names, std::vector<std::string>& unused);

  // After the last: throws for the first field that nobody has read, with the nearest that is known; with kWarn it is
  // named in `unused`.
  void Finish(UnknownFields unknown, std::vector<std::string>& unused);

  std::string Path(std::string_view name) const;  // "messages[2].content"

 private:
  const boost::json::object& object_;
  const std::string path_;
  std::vector<std::string_view> read_;
};

}  // namespace sheepop
