#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "include/sheepop/shared_model.h"
#include "python/native/bindings.h"
#include "python/native/interrupts.h"

namespace sheepop::python {
namespace {

namespace nb = nanobind;

using Rows = nb::ndarray<nb::numpy, float, nb::ndim<2>>;
using Tokens = std::vector<int32_t>;

// The array is the buffer itself, which lives as long as the array.
Rows ArrayOf(FloatRows rows) {
  auto kept = std::make_unique<FloatRows>(std::move(rows));
  const nb::capsule owner(kept.get(), [](void* pointer) noexcept { delete static_cast<FloatRows*>(pointer); });
  FloatRows* const values = kept.release();
  return Rows(values->values.data(), {values->rows, values->columns}, owner);
}

SharedModel Open(const std::string& model, size_t threads, size_t context,
                 const std::map<std::string, std::string>& engine) {
  const nb::gil_scoped_release release;
  return SharedModel::Open(model, {.threads = threads, .context = context, .engine = engine});
}

ModelAnswer Complete(const SharedModel& model, const std::string& request) {
  const nb::gil_scoped_release release;
  return model.Complete(request);
}

ModelAnswer Chat(const SharedModel& model, const std::string& request) {
  const nb::gil_scoped_release release;
  return model.Chat(request);
}

std::tuple<std::string, std::string> Explain(const SharedModel& model, const std::string& request) {
  ExplainedText text = WithoutGil([&](const InterruptQuestion& asked) { return model.Explain(request, asked); });
  return {std::move(text.json), std::move(text.page)};
}

Tokens Tokenize(const SharedModel& model, const std::string& text, bool begin, bool special) {
  const nb::gil_scoped_release release;
  return model.Tokenize(text, begin, special);
}

std::string Detokenize(const SharedModel& model, const Tokens& tokens) {
  const nb::gil_scoped_release release;
  return model.Detokenize(tokens);
}

// (logprobs, ranks, perplexity).
std::tuple<std::vector<double>, std::vector<size_t>, double> Score(const SharedModel& model, const Tokens& tokens,
                                                                   size_t context, size_t stride) {
  ScoredText text =
      WithoutGil([&](const InterruptQuestion& asked) { return model.Score(tokens, context, stride, asked); });
  return {std::move(text.logprobs), std::move(text.ranks), text.perplexity};
}

Rows Logits(const SharedModel& model, const Tokens& tokens) {
  return ArrayOf(WithoutGil([&](const InterruptQuestion& asked) { return model.Logits(tokens, asked); }));
}

Rows Embed(const SharedModel& model, const std::vector<std::string>& texts, bool last) {
  const TextPooling pooling = last ? TextPooling::kLast : TextPooling::kMean;
  return ArrayOf(WithoutGil([&](const InterruptQuestion& asked) { return model.Embed(texts, pooling, asked); }));
}

}  // namespace

void AddModel(nb::module_& module) {
  nb::class_<SharedModel>(module, "Model")
      .def_static("open", Open)
      .def("complete", Complete)
      .def("chat", Chat)
      .def("explain", Explain)
      .def("tokenize", Tokenize)
      .def("detokenize", Detokenize)
      .def("score", Score)
      .def("logits", Logits)
      .def("embed", Embed)
      .def_prop_ro("name", [](const SharedModel& model) { return model.facts().name; })
      .def_prop_ro("path", [](const SharedModel& model) { return model.facts().path; })
      .def_prop_ro("context", [](const SharedModel& model) { return model.facts().context; })
      .def_prop_ro("vocabulary", [](const SharedModel& model) { return model.facts().vocabulary; })
      .def_prop_ro("width", [](const SharedModel& model) { return model.facts().width; })
      .def_prop_ro("chats", [](const SharedModel& model) { return model.facts().chat; })
      .def_prop_ro("warnings", [](const SharedModel& model) { return model.facts().warnings; });
}

}  // namespace sheepop::python
