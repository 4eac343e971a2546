#include "base/error.h"

#include <cerrno>
#include <new>
#include <system_error>

namespace sheepop {

std::string_view Name(ErrorCategory category) {
  switch (category) {
    case ErrorCategory::kInvalidArgument: return "invalid_argument";
    case ErrorCategory::kNotFound: return "not_found";
    case ErrorCategory::kCorrupt: return "corrupt";
    case ErrorCategory::kUnsupported: return "unsupported";
    case ErrorCategory::kLimit: return "limit";
    case ErrorCategory::kBusy: return "busy";
    case ErrorCategory::kIo: return "io";
    case ErrorCategory::kNetwork: return "network";
    case ErrorCategory::kInterrupted: return "interrupted";
    case ErrorCategory::kInternal: return "internal";
  }
  return "unknown";
}

Error AsError(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error(ErrorCategory::kLimit, "memory is short; end other programs or ask for less");
  } catch (const std::exception& error) {
    return Error(ErrorCategory::kInternal, error.what());
  } catch (...) {
    return Error(ErrorCategory::kInternal, "something that says nothing about itself was thrown");
  }
}

Error SystemError(std::string_view what, int error_number) {
  const auto category = error_number == ENOENT ? ErrorCategory::kNotFound : ErrorCategory::kIo;
  return Error(category, "{}: {}", what, std::generic_category().message(error_number));
}

}  // namespace sheepop
