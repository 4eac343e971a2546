// The errors of the layers below, as the library's own.
#pragma once

#include <exception>
#include <utility>

#include "include/sheepop/sheepop.h"

namespace sheepop {

// Whatever was thrown, as a Failure.
Failure FailureOf(const std::exception_ptr& thrown);

// What `work` gives; throws Failure alone.
template <class Work>
auto Translated(Work&& work) -> decltype(work()) {
  try {
    return std::forward<Work>(work)();
  } catch (const Failure&) {
    throw;
  } catch (...) {
    throw FailureOf(std::current_exception());
  }
}

}  // namespace sheepop
