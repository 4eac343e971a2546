// Products of the shapes of training, one thread: GFLOP/s of the kernel alone, operands packed beforehand.
#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <string>

#include "base/huge_buffer.h"
#include "kernel/gemm.h"
#include "kernel/kernels.h"

namespace sheepop::kernel {
namespace {

void Products(benchmark::State& state, Isa isa, GemmType type) {
  const GemmKernels* kernels = KernelsFor(isa).GemmOf(type);
  const auto rows = static_cast<size_t>(state.range(0)), columns = static_cast<size_t>(state.range(1));
  const auto depth = static_cast<size_t>(state.range(2));
  const size_t units = Units(type, depth);
  HugeBuffer left(rows * units * kUnitBytes), right((columns + 15) / 16 * 16 * units * kUnitBytes);
  HugeBuffer out(rows * columns * sizeof(float));
  Gemm g{};
  g.left = left.data();
  g.left_row = units;
  g.left_step = 1;
  g.right = right.data();
  g.right_panel = 16 * units;
  g.rows = rows;
  g.columns = columns;
  g.depth = units;
  g.out = reinterpret_cast<float*>(out.data());
  g.out_stride = columns;
  for (auto _ : state) {
    kernels->multiply(g);
    benchmark::ClobberMemory();
  }
  state.counters["GFLOP/s"] = benchmark::Counter(2e-9 * static_cast<double>(rows * columns * depth),
                                                 benchmark::Counter::kIsIterationInvariantRate);
}

const bool kRegistered = [] {
  for (Isa isa : AvailableIsas()) {
    if (isa == Isa::kReference) continue;
    for (GemmType type : {GemmType::kF32, GemmType::kBf16}) {
      if (!KernelsFor(isa).GemmOf(type)) continue;
      const std::string name = fmt::format("Products/{}/{}", Name(isa), type == GemmType::kF32 ? "fp32" : "bf16");
      benchmark::RegisterBenchmark(name.c_str(), [=](auto& state) { Products(state, isa, type); })
          ->Args({24, 48, 64})  // all in the first-level cache: near the most that a core can do
          ->Args({64, 384, 128})
          ->Args({64, 960, 320})
          ->Args({64, 2816, 512})
          ->Args({64, 512, 1408});
    }
  }
  return true;
}();

}  // namespace
}  // namespace sheepop::kernel
