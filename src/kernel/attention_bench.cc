// Attention in the shape of SmolLM2-135M: 3 key heads, 3 query heads each, head_dim 64, f16 unless named otherwise.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "base/cpu.h"
#include "base/huge_buffer.h"
#include "kernel/attention.h"
#include "kernel/kernels.h"

namespace sheepop::kernel {
namespace {

// `layers` caches of `positions` positions, so that decode may be measured from memory as well as from the last level
// of cache.
struct Bench {
  Bench(const AttentionShape& s, size_t count, size_t layer_count)
      : shape(s),
        positions(count),
        blocks((count + 15) / 16),
        layers(layer_count),
        layer_bytes(s.kv_heads * blocks * 16 * s.head_dim * KvTypeBytes(s.type)),
        keys(layers * layer_bytes),
        values(layers * layer_bytes),
        scratch(AttentionScratch(s)),
        width(s.kv_heads * s.heads_per_kv * s.head_dim) {
    std::vector<float> key(s.kv_heads * s.head_dim);
    std::vector<float> value(s.kv_heads * s.head_dim);
    for (size_t i = 0; i < blocks; ++i) table.push_back(static_cast<uint32_t>((i * 7919) % blocks));
    for (size_t l = 0; l < layers; ++l) {
      for (size_t p = 0; p < blocks * 16; ++p) {
        for (size_t i = 0; i < key.size(); ++i) {
          key[i] = std::sin(static_cast<float>(p * 31 + i * 17));
          value[i] = std::cos(static_cast<float>(p * 13 + i * 29));
        }
        KernelsFor(AvailableIsas().back())
            .attention.store(s, Layer(l), key.data(), value.data(), table[p / 16], p % 16);
      }
    }
  }
  KvLayer Layer(size_t l) { return {keys.data() + l * layer_bytes, values.data() + l * layer_bytes, blocks}; }

  AttentionShape shape;
  size_t positions, blocks, layers, layer_bytes;
  HugeBuffer keys, values, scratch;
  size_t width;
  std::vector<uint32_t> table;
};

void Decode(benchmark::State& state, Isa isa, AttentionShape shape, size_t positions, size_t layers) {
  FlushDenormals flush;
  Bench bench(shape, positions, layers);
  std::vector<float> queries(bench.width, 0.01F);
  std::vector<float> out(bench.width);
  size_t layer = 0;
  for (auto _ : state) {
    for (size_t head = 0; head < shape.kv_heads; ++head) {
      KernelsFor(isa).attention.attend(shape, bench.Layer(layer),
                                       {queries.data(), bench.width, 1, positions - 1, bench.table.data()}, head,
                                       {out.data(), bench.width}, bench.scratch.data());
    }
    layer = (layer + 1) % layers;
    benchmark::DoNotOptimize(out.data());
  }
  const double bytes = 2.0 * static_cast<double>(positions * shape.kv_heads * shape.head_dim * KvTypeBytes(shape.type));
  state.counters["GB/s"] = benchmark::Counter(bytes * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

void Prefill(benchmark::State& state, Isa isa, AttentionShape shape, size_t rows, size_t first) {
  FlushDenormals flush;
  Bench bench(shape, first + rows, 1);
  std::vector<float> queries(rows * bench.width, 0.01F);
  std::vector<float> out(rows * bench.width);
  for (auto _ : state) {
    for (size_t head = 0; head < shape.kv_heads; ++head) {
      KernelsFor(isa).attention.attend(shape, bench.Layer(0),
                                       {queries.data(), bench.width, rows, first, bench.table.data()}, head,
                                       {out.data(), bench.width}, bench.scratch.data());
    }
    benchmark::DoNotOptimize(out.data());
  }
  // Only what the rows see counts.
  const double seen = static_cast<double>(rows) * (static_cast<double>(first) + static_cast<double>(rows + 1) / 2);
  state.counters["GFLOP/s"] =
      benchmark::Counter(4e-9 * seen * static_cast<double>(bench.width), benchmark::Counter::kIsIterationInvariantRate);
}

void Store(benchmark::State& state, Isa isa, AttentionShape shape) {
  FlushDenormals flush;
  const size_t positions = 512;
  Bench bench(shape, positions, 1);
  std::vector<float> key(shape.kv_heads * shape.head_dim, 0.5F);
  for (auto _ : state) {
    for (size_t p = 0; p < positions; ++p) {
      KernelsFor(isa).attention.store(shape, bench.Layer(0), key.data(), key.data(), bench.table[p / 16], p % 16);
    }
  }
  state.counters["positions/s"] =
      benchmark::Counter(static_cast<double>(positions), benchmark::Counter::kIsIterationInvariantRate);
}

// What one core reads at best, from the same number of bytes.
void Read(benchmark::State& state, size_t layers) {
  const size_t bytes = layers * 2 * 2000 * 3 * 64 * 2;
  HugeBuffer memory(bytes);
  std::memset(memory.data(), 1, bytes);
  const auto* words = reinterpret_cast<const uint64_t*>(memory.data());
  for (auto _ : state) {
    uint64_t sums[32] = {};
    for (size_t i = 0; i + 32 <= bytes / 8; i += 32) {
      for (size_t j = 0; j < 32; ++j) sums[j] ^= words[i + j];
    }
    for (uint64_t& sum : sums) benchmark::DoNotOptimize(sum);
  }
  state.counters["GB/s"] =
      benchmark::Counter(static_cast<double>(bytes) * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

const bool kRegistered = [] {
  const AttentionShape smol = {3, 3, 64, 0.125F, 0, 0, KvType::kF16};
  benchmark::RegisterBenchmark("read/l3", [](auto& state) { Read(state, 6); });
  benchmark::RegisterBenchmark("read/memory", [](auto& state) { Read(state, 120); });
  for (Isa isa : AvailableIsas()) {
    if (isa == Isa::kReference) continue;
    const std::string name(Name(isa));
    auto decode = [&](const std::string& what, AttentionShape shape, size_t layers, size_t positions = 2000) {
      benchmark::RegisterBenchmark((what + "/" + name).c_str(),
                                   [=](auto& state) { Decode(state, isa, shape, positions, layers); });
    };
    auto prefill = [&](const std::string& what, AttentionShape shape, size_t rows, size_t first) {
      benchmark::RegisterBenchmark((what + "/" + name).c_str(),
                                   [=](auto& state) { Prefill(state, isa, shape, rows, first); });
    };
    decode("decode_256/l2", smol, 1, 256);
    decode("decode_2000/l3", smol, 6);
    decode("decode_2000/memory", smol, 120);
    AttentionShape other = smol;
    other.type = KvType::kF32;
    decode("decode_2000_f32/l3", other, 3);
    other.type = KvType::kBf16;
    decode("decode_2000_bf16/l3", other, 6);
    other = {2, 1, 64, 0.125F, 0, 0, KvType::kF16};
    decode("decode_2000_1_head/l3", other, 8);
    other = {2, 8, 128, 0.1F, 0, 0, KvType::kF16};
    decode("decode_2000_8_heads_128/l3", other, 4);
    prefill("prefill_512", smol, 512, 0);
    prefill("prefill_512_from_1536", smol, 512, 1536);
    other = {3, 3, 64, 0.125F, 0, 0, KvType::kF32};
    prefill("prefill_512_f32", other, 512, 0);
    other = {2, 4, 128, 0.1F, 0, 0, KvType::kF16};
    prefill("prefill_512_4_heads_128", other, 512, 0);
    other = {4, 1, 64, 0.1F, 0, 0, KvType::kF16};
    prefill("prefill_512_1_head", other, 512, 0);
    prefill("prefill_8_from_2000", smol, 8, 2000);
    benchmark::RegisterBenchmark(("store_512/" + name).c_str(), [=](auto& state) { Store(state, isa, smol); });
  }
  return true;
}();

}  // namespace
}  // namespace sheepop::kernel
