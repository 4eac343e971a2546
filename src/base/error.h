// What the world can cause (files, prompts, flags, sockets, memory) is thrown as an Error. What only a bug can cause is
// an assertion. Kernels and pool workers do not throw.
#pragma once

#include <fmt/core.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace sheepop {

enum class ErrorCategory {
  kInvalidArgument,  // a flag, option or request field out of its range
  kNotFound,         // a file, model or name that does not exist
  kCorrupt,          // bytes that break their format
  kUnsupported,      // well-formed, but nothing here can read it
  kLimit,            // a bound of the context, the memory or the time
  kBusy,             // no room now; the same will work later
  kIo,               // the operating system refused
  kNetwork,          // a server refused or did not answer
  kInterrupted,      // the user asked to stop
  kInternal,         // a fault of this program or of one that uses it as a library
};

// The name used in JSON: "invalid_argument", "not_found", ...
std::string_view Name(ErrorCategory category);

// The message names the thing, its value, the bound and what to do: "prompt has 5000 tokens, the context holds 4096".
class Error : public std::runtime_error {
 public:
  Error(ErrorCategory category, const std::string& message) : std::runtime_error(message), category_(category) {}

  template <typename... Args>
    requires(sizeof...(Args) > 0)
  Error(ErrorCategory category, fmt::format_string<Args...> format, Args&&... args)
      : Error(category, fmt::format(format, std::forward<Args>(args)...)) {}

  ErrorCategory category() const { return category_; }

 private:
  ErrorCategory category_;
};

// An exception as an Error: others than Error are kInternal, but for kLimit where memory is short.
Error AsError(const std::exception_ptr& thrown);

// An Error of category kIo (kNotFound for ENOENT) that says what was tried and why the system refused, from errno.
Error SystemError(std::string_view what, int error_number);

}  // namespace sheepop
