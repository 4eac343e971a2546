#include <nanobind/nanobind.h>

#include <exception>
#include <string_view>

#include "include/sheepop/sheepop.h"
#include "python/native/bindings.h"

namespace sheepop::python {

namespace nb = nanobind;

namespace {

// Names of files may be no UTF-8.
nb::object Text(std::string_view bytes) {
  return nb::steal(PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "replace"));
}

}  // namespace

void AddErrors() {
  nb::register_exception_translator([](const std::exception_ptr& thrown, void*) {
    try {
      std::rethrow_exception(thrown);
    } catch (const Failure& failure) {
      const nb::object type = nb::module_::import_("sheepop.errors").attr("Error");
      const nb::object field = failure.field().empty() ? nb::object(nb::none()) : Text(failure.field());
      const nb::object error = type(failure.category().c_str(), Text(failure.what()), field);
      PyErr_SetObject(type.ptr(), error.ptr());
    }
  });
}

}  // namespace sheepop::python
