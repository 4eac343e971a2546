// Ctrl-C while C++ computes: Python's handlers of signals run on its main thread, and only when it is asked.
#pragma once

#include <nanobind/nanobind.h>

#include <optional>

#include "include/sheepop/shared_model.h"

namespace sheepop::python {

// How long a wait goes on without asking.
inline constexpr double kQuestionEveryS = 0.02;

// What `work` gives, which is told how to ask, without the GIL. Throws what a handler of a signal raised.
template <class Work>
auto WithoutGil(const Work& work) {
  namespace nb = nanobind;
  bool raised = false;
  const InterruptQuestion question = [&raised] {
    const nb::gil_scoped_acquire gil;
    raised = raised || PyErr_CheckSignals() != 0;
    return raised;
  };
  std::optional<decltype(work(question))> result;
  try {
    const nb::gil_scoped_release release;
    result = work(question);
  } catch (const Failure&) {
    if (!raised) throw;
  }
  if (raised) throw nb::python_error();
  return std::move(*result);
}

}  // namespace sheepop::python
