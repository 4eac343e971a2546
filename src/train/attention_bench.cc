// The attention of one key head of one sequence, one thread: microseconds forward and backward.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <vector>

#include "kernel/kernels.h"
#include "train/attention.h"

namespace sheepop {
namespace {

void Pass(benchmark::State& state, kernel::GemmType type, bool backward) {
  const Isa isa = AvailableIsas().back();
  if (!kernel::KernelsFor(isa).GemmOf(type)) {
    state.SkipWithError("not on this processor");
    return;
  }
  const AttentionShape shape{1,     1, static_cast<size_t>(state.range(1)), static_cast<size_t>(state.range(0)), 0,
                             0.15F, 0};
  const Attention attention(TrainKernels::For(isa, type), shape);
  std::mt19937 generator(1);
  std::normal_distribution<float> normal;
  std::vector<float> qkv(shape.length * shape.width()), dout(shape.length * shape.query_width());
  for (float& x : qkv) x = normal(generator);
  for (float& x : dout) x = normal(generator);
  std::vector<float> dqkv(qkv.size());
  std::vector<kernel::SoftmaxSums> sums(shape.length);
  const std::vector<uint32_t> first(shape.length, 0);
  Activations out(type, shape.length, shape.query_width());
  HugeBuffer scratch(attention.scratch_floats() * sizeof(float));
  auto* floats = reinterpret_cast<float*>(scratch.data());
  const AttentionRows rows{qkv.data(), first.data(), sums.data(), out.view(), 0};
  attention.Forward(rows, 0, floats);
  for (auto _ : state) {
    if (backward) {
      attention.Backward(rows, {dout.data(), dqkv.data()}, 0, floats);
    } else {
      attention.Forward(rows, 0, floats);
    }
    benchmark::ClobberMemory();
  }
}

void Shapes(benchmark::internal::Benchmark* bench) {
  bench->Unit(benchmark::kMicrosecond)->Args({64, 32})->Args({256, 40})->Args({512, 64});
}

BENCHMARK_CAPTURE(Pass, forward_fp32, kernel::GemmType::kF32, false)->Apply(Shapes);
BENCHMARK_CAPTURE(Pass, forward_bf16, kernel::GemmType::kBf16, false)->Apply(Shapes);
BENCHMARK_CAPTURE(Pass, backward_fp32, kernel::GemmType::kF32, true)->Apply(Shapes);
BENCHMARK_CAPTURE(Pass, backward_bf16, kernel::GemmType::kBf16, true)->Apply(Shapes);

}  // namespace
}  // namespace sheepop
