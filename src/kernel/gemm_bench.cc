// Products of the shapes of training, one thread: GFLOP/s of the kernel alone, operands packed beforehand.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "base/huge_buffer.h"
#include "kernel/gemm.h"

namespace sheepop::kernel {
namespace {

void Products(benchmark::State& state, Isa isa, GemmType type) {
  const GemmKernels* kernels = GemmKernelsFor(isa, type);
  if (!kernels || std::ranges::find(AvailableIsas(), isa) == AvailableIsas().end()) {
    state.SkipWithError("not on this processor");
    return;
  }
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

void Shapes(benchmark::internal::Benchmark* bench) {
  bench->Args({64, 384, 128})->Args({64, 960, 320})->Args({64, 2816, 512})->Args({64, 512, 1408});
}

BENCHMARK_CAPTURE(Products, avx2, Isa::kAvx2, GemmType::kF32)->Apply(Shapes);
BENCHMARK_CAPTURE(Products, avx512, Isa::kAvx512, GemmType::kF32)->Apply(Shapes);
BENCHMARK_CAPTURE(Products, avx512bf16, Isa::kAvx512, GemmType::kBf16)->Apply(Shapes);

}  // namespace
}  // namespace sheepop::kernel
