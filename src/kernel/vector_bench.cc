#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <functional>
#include <string>
#include <vector>

#include "base/cpu.h"
#include "kernel/kernels.h"
#include "kernel/vector.h"

namespace sheepop::kernel {
namespace {

using Operation = std::function<void(const VectorKernels&, const float* a, const float* b, size_t n, float* y)>;

void Run(benchmark::State& state, Isa isa, size_t n, const Operation& operation) {
  FlushDenormals flush;
  std::vector<float> a(n);
  for (size_t i = 0; i < n; ++i) a[i] = static_cast<float>(i % 37) * 0.25F - 4;
  const std::vector<float> b(n, 0.5F);
  std::vector<float> y(n, 1);
  const VectorKernels& kernels = KernelsFor(isa).vector;
  for (auto _ : state) {
    operation(kernels, a.data(), b.data(), n, y.data());
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  state.counters["elements/s"] =
      benchmark::Counter(static_cast<double>(n), benchmark::Counter::kIsIterationInvariantRate);
}

const bool kRegistered = [] {
  for (Isa isa : AvailableIsas()) {
    const std::string name = fmt::format("/{}", Name(isa));
    auto add = [&](const char* what, size_t n, Operation operation) {
      benchmark::RegisterBenchmark((what + name).c_str(), [=](auto& state) { Run(state, isa, n, operation); });
    };
    add("rms_norm_576", 576, [](auto& k, auto* a, auto* b, size_t n, float* y) { k.rms_norm(a, b, n, 1e-5F, y); });
    add("layer_norm_768", 768,
        [](auto& k, auto* a, auto* b, size_t n, float* y) { k.layer_norm(a, b, b, n, 1e-5F, y); });
    add("add_576", 576, [](auto& k, auto* a, auto*, size_t n, float* y) { k.add(a, n, y); });
    add("silu_multiply_1536", 1536, [](auto& k, auto* a, auto* b, size_t n, float* y) { k.silu_multiply(a, b, n, y); });
    add("gelu_multiply_2048", 2048, [](auto& k, auto* a, auto* b, size_t n, float* y) { k.gelu_multiply(a, b, n, y); });
    add("softcap_2048", 2048, [](auto& k, auto*, auto*, size_t n, float* y) { k.softcap(30, n, y); });
    add("rotate_9x64", 576, [](auto& k, auto* a, auto* b, size_t, float* y) { k.rotate(a, b, 32, false, 9, 64, y); });
    add("rotate_9x64_interleaved", 576,
        [](auto& k, auto* a, auto* b, size_t, float* y) { k.rotate(a, b, 32, true, 9, 64, y); });
    add("log_sum_exp_49152", 49152,
        [](auto& k, auto* a, auto*, size_t n, float* y) { *y = static_cast<float>(k.log_sum_exp(a, n)); });
  }
  return true;
}();

}  // namespace
}  // namespace sheepop::kernel
