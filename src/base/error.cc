#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace sheepop {

std::string_view Name(ErrorCategory category) {
  switch (category) {
    case ErrorCategory::kInvalidArgument: return "invalid_argument";
    case ErrorCategory::kNotFound: return "not_found";
    case ErrorCategory::kCorrupt: return "corrupt";
    case ErrorCategory::kUnsupported: return "unsupported";
    case ErrorCategory::kLimit: return "limit";
    case ErrorCategory::kIo: return "io";
    case ErrorCategory::kNetwork: return "network";
    case ErrorCategory::kInterrupted: return "interrupted";
  }
  return "unknown";
}

Error SystemError(std::string_view what, int error_number) {
  const auto category = error_number == ENOENT ? ErrorCategory::kNotFound : ErrorCategory::kIo;
  return Error(category, "{}: {}", what, std::generic_category().message(error_number));
}

}  // namespace sheepop
