// One thread packing a matrix that is larger than the caches, in bytes of the file a second.
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/huge_buffer.h"
#include "tensor/pack.h"

namespace sheepop {
namespace {

constexpr size_t kCols = 1536;

void Pack(benchmark::State& state, DType type) {
  const size_t row_bytes = RowBytes(type, kCols), rows = (size_t{96} << 20) / row_bytes / 16 * 16;
  HugeBuffer source(rows * row_bytes), packed(PackedBytes(type, rows, kCols));
  std::memset(source.data(), 0x21, source.size());
  std::memset(packed.data(), 0x21, packed.size());
  for (auto _ : state) PackTiles(type, source.data(), rows, kCols, {0, rows / 16}, packed.data());
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(source.size()));
}

void Unpack(benchmark::State& state, DType type) {
  HugeBuffer packed(PackedBytes(type, 16, kCols));
  std::vector<float> row(kCols);
  for (auto _ : state) {
    UnpackRow({PackedTypeOf(type), 16, kCols, packed.data()}, 5, row.data());
    benchmark::DoNotOptimize(row.data());
  }
}

const int registered = [] {
  for (DType type : DTypes()) {
    const std::string name(Info(type).name);
    benchmark::RegisterBenchmark(("Pack/" + name).c_str(), Pack, type)->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark(("Unpack/" + name).c_str(), Unpack, type)->Unit(benchmark::kMicrosecond);
  }
  return 0;
}();

}  // namespace
}  // namespace sheepop
