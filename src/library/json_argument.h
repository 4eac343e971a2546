// JSON that a caller gives.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace sheepop {

// `name`: of the argument. Throws kInvalidArgument where it is no object.
inline boost::json::object JsonArgument(std::string_view text, std::string_view name) {
  try {
    return ParseJsonObject(text, name);
  } catch (const Error& error) {
    throw Error(ErrorCategory::kInvalidArgument, "{}", error.what());
  }
}

}  // namespace sheepop
