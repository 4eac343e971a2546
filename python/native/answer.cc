#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <string_view>

#include "include/sheepop/shared_model.h"
#include "python/native/bindings.h"
#include "python/native/interrupts.h"

namespace sheepop::python {
namespace {

namespace nb = nanobind;

std::string_view NameOf(AnswerPiece::Kind kind) {
  switch (kind) {
    case AnswerPiece::Kind::kText: return "text";
    case AnswerPiece::Kind::kThinking: return "thinking";
    case AnswerPiece::Kind::kCallName: return "call";
    case AnswerPiece::Kind::kCallArguments: return "arguments";
  }
  return "text";
}

// (text, choice, kind, call); None at the end.
nb::object Tuple(ModelAnswer::State state, const AnswerPiece& piece) {
  if (state == ModelAnswer::State::kEnd) return nb::none();
  const std::string_view kind = NameOf(piece.kind);
  return nb::make_tuple(nb::str(piece.text.data(), piece.text.size()), piece.choice, nb::str(kind.data(), kind.size()),
                        piece.call);
}

// A handler of a signal that raises ends the answer.
void CheckSignals(ModelAnswer& answer) {
  if (PyErr_CheckSignals() == 0) return;
  answer.Cancel();
  throw nb::python_error();
}

nb::object Next(ModelAnswer& answer) {
  AnswerPiece piece;
  for (;;) {
    ModelAnswer::State state;
    {
      const nb::gil_scoped_release release;
      state = answer.Next(piece, kQuestionEveryS);
    }
    if (state != ModelAnswer::State::kWaiting) return Tuple(state, piece);
    CheckSignals(answer);
  }
}

// Like Next, but False where it would wait.
nb::object Poll(ModelAnswer& answer) {
  AnswerPiece piece;
  const ModelAnswer::State state = answer.Next(piece, 0);
  return state == ModelAnswer::State::kWaiting ? nb::object(nb::bool_(false)) : Tuple(state, piece);
}

std::string Whole(ModelAnswer& answer) {
  for (;;) {
    bool ended;
    {
      const nb::gil_scoped_release release;
      ended = answer.Ended(kQuestionEveryS);
    }
    if (ended) break;
    CheckSignals(answer);
  }
  const nb::gil_scoped_release release;
  return answer.Whole();
}

}  // namespace

void AddAnswer(nb::module_& module) {
  nb::class_<ModelAnswer>(module, "Answer")
      .def("next", Next)
      .def("poll", Poll)
      .def("whole", Whole)
      .def("cancel", &ModelAnswer::Cancel)
      .def("ready", &ModelAnswer::ready);
}

}  // namespace sheepop::python
