// One thread. Decode: one input row, weights from memory far larger than the caches, in bytes of weights a second, to be
// compared with Read. Prefill: 512 input rows, in operations a second (2 a weight and row), to be compared with Peak.
// Limits and kernels swing together on a shared machine: run with
//   --benchmark_enable_random_interleaving=true --benchmark_repetitions=5 --benchmark_report_aggregates_only=true
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/cpu.h"
#include "base/huge_buffer.h"
#include "kernel/kernels.h"
#include "kernel/matmul.h"
#include "kernel/matmul_wide.h"
#include "kernel/packed.h"

namespace sheepop::kernel {
namespace {

constexpr size_t kArenaBytes = size_t{256} << 20;

HugeBuffer& Arena() {
  static HugeBuffer arena = [] {
    HugeBuffer buffer(kArenaBytes);
    std::memset(buffer.data(), 0x21, kArenaBytes);  // as fp16 and as bf16 a small number
    return buffer;
  }();
  return arena;
}

struct Shape {
  size_t rows, cols;
};

struct Input {
  Input(size_t tokens, size_t cols)
      : blocks((cols + 31) / 32), values(tokens * cols, 0.5F), quantised(tokens * blocks) {
    for (QuantisedBlock& block : quantised) {
      for (size_t i = 0; i < kBlockSize; ++i) block.values[i] = static_cast<int8_t>(i);
      block.scale = 0.01F;
    }
  }
  size_t blocks;
  std::vector<float> values;
  std::vector<QuantisedBlock> quantised;
};

void SetRates(benchmark::State& state, size_t bytes, Shape shape, size_t tokens) {
  const auto runs = static_cast<double>(state.iterations());
  state.counters["B/s"] = benchmark::Counter(runs * static_cast<double>(bytes), benchmark::Counter::kIsRate);
  const double operations = 2.0 * static_cast<double>(shape.rows * shape.cols * tokens);
  state.counters["op/s"] = benchmark::Counter(runs * operations, benchmark::Counter::kIsRate);
}

void Product(benchmark::State& state, Isa isa, PackedType type, Shape shape, size_t tokens) {
  const FlushDenormals flush;
  const std::byte* arena = Arena().data();
  const Input x(tokens, shape.cols);
  std::vector<float> out(tokens * shape.rows);
  HugeBuffer scratch(kMatMulScratch);
  const size_t bytes = TileBytes(type, shape.cols) * (shape.rows / kTileRows);
  const TileRange tiles = {0, shape.rows / kTileRows};
  const MatMulKernels& kernels = KernelsFor(isa).matmul;
  size_t at = 0;
  for (auto _ : state) {
    kernels.multiply({type, shape.rows, shape.cols, arena + at},
                     {x.values.data(), shape.cols, x.quantised.data(), x.blocks, tokens}, tiles,
                     {out.data(), shape.rows, false}, scratch.bytes());
    at = at + 2 * bytes > kArenaBytes ? 0 : at + bytes;
  }
  benchmark::DoNotOptimize(out.data());
  SetRates(state, bytes, shape, tokens);
}

void WideProduct(benchmark::State& state, Isa isa, PackedType type, Shape shape, size_t tokens) {
  const FlushDenormals flush;
  const std::byte* arena = Arena().data();
  const WideMatMulKernels& kernels = KernelsFor(isa).wide_matmul;
  const size_t blocks = shape.cols / kBlockSize, bytes = TileBytes(type, shape.cols) * (shape.rows / kTileRows);
  std::vector<WideBlock> x(tokens * blocks);
  for (WideBlock& block : x) kernels.quantise(std::vector<float>(kBlockSize, 0.5F).data(), 1, &block);
  std::vector<float> out(tokens * shape.rows);
  size_t at = 0;
  for (auto _ : state) {
    kernels.multiply({type, shape.rows, shape.cols, arena + at}, {x.data(), blocks, tokens},
                     {0, shape.rows / kTileRows}, out.data(), shape.rows);
    at = at + 2 * bytes > kArenaBytes ? 0 : at + bytes;
  }
  benchmark::DoNotOptimize(out.data());
  SetRates(state, bytes, shape, tokens);
}

// What the products stand against: memory read, bytes multiplied.
void Read(benchmark::State& state, Isa isa) {
  size_t at = 0;
  constexpr size_t kStep = size_t{8} << 20;
  for (auto _ : state) {
    benchmark::DoNotOptimize(KernelsFor(isa).limits.read(Arena().data() + at, kStep));
    at = (at + kStep) % kArenaBytes;
  }
  state.counters["B/s"] =
      benchmark::Counter(static_cast<double>(state.iterations() * kStep), benchmark::Counter::kIsRate);
}

void Peak(benchmark::State& state, Isa isa) {
  const LimitKernels& limits = KernelsFor(isa).limits;
  constexpr size_t kRounds = 1000;
  for (auto _ : state) benchmark::DoNotOptimize(limits.multiply(kRounds));
  const auto operations =
      static_cast<double>(static_cast<size_t>(state.iterations()) * kRounds * limits.int8_operations);
  state.counters["op/s"] = benchmark::Counter(operations, benchmark::Counter::kIsRate);
}

void Quantise(benchmark::State& state, Isa isa) {
  const std::vector<float> x(1536, 0.5F);
  std::vector<QuantisedBlock> out(x.size() / kBlockSize);
  for (auto _ : state) {
    KernelsFor(isa).matmul.quantise(x.data(), out.size(), out.data());
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(x.size()));
}

// The matrices of SmolLM2-135M: attention, feed-forward up and down, output.
constexpr Shape kShapes[] = {{576, 576}, {1536, 576}, {576, 1536}, {49152, 576}};

void Register() {
  for (Isa isa : AvailableIsas()) {
    if (isa == Isa::kReference) continue;
    const std::string set(Name(isa));
    benchmark::RegisterBenchmark(("Read/" + set).c_str(), Read, isa);
    benchmark::RegisterBenchmark(("Peak/" + set).c_str(), Peak, isa);
    benchmark::RegisterBenchmark(("Quantise/" + set).c_str(), Quantise, isa);
    for (size_t i = 0; i < kPackedTypes; ++i) {
      const auto type = static_cast<PackedType>(i);
      for (Shape shape : kShapes) {
        const size_t inputs = FormatOf(type).blocks * kBlockSize;  // K types have whole groups only
        shape.cols = (shape.cols + inputs - 1) / inputs * inputs;
        const std::string size = std::to_string(shape.rows) + "x" + std::to_string(shape.cols);
        for (size_t tokens : {1, 2, 4, 8, 16, 512}) {
          if (tokens == 512 && shape.rows > 4096) continue;
          const std::string label =
              set + "/" + std::string(NameOf(type)) + "/" + size + "/rows:" + std::to_string(tokens);
          benchmark::RegisterBenchmark(label.c_str(), Product, isa, type, shape, tokens);
          if (!IsQuantised(type) || shape.rows < 4096) continue;
          benchmark::RegisterBenchmark(("Wide/" + label).c_str(), WideProduct, isa, type, shape, tokens);
        }
      }
    }
  }
}

const int registered = (Register(), 0);

}  // namespace
}  // namespace sheepop::kernel
