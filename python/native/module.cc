#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "include/sheepop/shared_model.h"
#include "python/native/bindings.h"

NB_MODULE(_native, module) {
  sheepop::python::AddErrors();
  sheepop::python::AddAnswer(module);
  sheepop::python::AddModel(module);
  module.def("sampling_options", &sheepop::SamplingOptionsJson);
}
