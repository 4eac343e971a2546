// The parts of the module `_native`: each topic adds its own. The package python/sheepop says what they mean; nothing else
// uses them.
#pragma once

#include <nanobind/nanobind.h>

namespace sheepop::python {

void AddErrors();
void AddAnswer(nanobind::module_& module);
void AddModel(nanobind::module_& module);

}  // namespace sheepop::python
