#include "kernel/attention.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "base/cpu.h"
#include "base/philox.h"
#include "kernel/kernels.h"
#include "testing/sanitized.h"

namespace sheepop::kernel {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

uint32_t Bits(float x) { return x != x ? 0x7fc00000 : std::bit_cast<uint32_t>(x); }

float Draw(uint64_t index, uint32_t stream) {
  return static_cast<float>(RandomUnit(23, stream, index, RandomLane::kDraw) * 2 - 1);
}

std::vector<float> Vector(size_t n, uint32_t stream, float size = 1) {
  std::vector<float> v(n);
  for (size_t i = 0; i < n; ++i) v[i] = Draw(i, stream) * size;
  return v;
}

struct AlignedFree {
  void operator()(std::byte* p) const { std::free(p); }
};
using Bytes = std::unique_ptr<std::byte, AlignedFree>;

Bytes Allocate(size_t bytes) {
  Bytes memory(static_cast<std::byte*>(std::aligned_alloc(64, (bytes + 64) / 64 * 64)));
  std::memset(memory.get(), 0xff, bytes);  // NaN in every type
  return memory;
}

// A layer whose blocks are used in a shuffled order and whose untouched positions hold NaN.
class Cache {
 public:
  Cache(const AttentionShape& shape, size_t positions)
      : shape_(shape),
        blocks_((positions + 15) / 16 + 2),
        bytes_(shape.kv_heads * blocks_ * 16 * shape.head_dim * KvTypeBytes(shape.type)),
        keys_(Allocate(bytes_)),
        values_(Allocate(bytes_)),
        table_((positions + 15) / 16) {
    std::vector<uint32_t> ids(blocks_);
    std::iota(ids.begin(), ids.end(), 0);
    for (size_t i = blocks_ - 1; i > 0; --i) {
      std::swap(ids[i], ids[RandomBits(5, 0, i, RandomLane::kDraw) % (i + 1)]);
    }
    std::copy_n(ids.begin(), table_.size(), table_.begin());
  }

  KvLayer layer() const { return {keys_.get(), values_.get(), blocks_}; }
  const std::vector<uint32_t>& table() const { return table_; }
  size_t bytes() const { return bytes_; }

  void Store(Isa isa, size_t position, const float* key, const float* value) {
    KernelsFor(isa).attention.store(shape_, layer(), key, value, table_[position / 16], position % 16);
  }

  // Usual numbers at [0, positions).
  void Fill(size_t positions) {
    const size_t width = shape_.kv_heads * shape_.head_dim;
    for (size_t p = 0; p < positions; ++p) {
      const auto key = Vector(width, static_cast<uint32_t>(2 * p + 100), 2);
      const auto value = Vector(width, static_cast<uint32_t>(2 * p + 101));
      Store(Isa::kReference, p, key.data(), value.data());
    }
  }

 private:
  AttentionShape shape_;
  size_t blocks_;
  size_t bytes_;
  Bytes keys_;
  Bytes values_;
  std::vector<uint32_t> table_;
};

struct Query {
  Query(const AttentionShape& shape, size_t rows, size_t first)
      : stride(shape.kv_heads * shape.heads_per_kv * shape.head_dim + 3),
        count(rows),
        first_position(first),
        values(Vector(rows * stride, 7)) {}

  AttentionRows View(const std::vector<uint32_t>& table) const {
    return {values.data(), stride, count, first_position, table.data()};
  }

  size_t stride;
  size_t count;
  size_t first_position;
  std::vector<float> values;
};

constexpr float kUntouched = -777;

std::vector<float> Attend(Isa isa, const AttentionShape& shape, const KvLayer& layer, const AttentionRows& rows) {
  const Bytes scratch = Allocate(AttentionScratch(shape));
  std::vector<float> out(rows.rows * rows.stride, kUntouched);
  for (size_t head = 0; head < shape.kv_heads; ++head) {
    KernelsFor(isa).attention.attend(shape, layer, rows, head, {out.data(), rows.stride}, scratch.get());
  }
  return out;
}

std::vector<float> AttendRowByRow(Isa isa, const AttentionShape& shape, const KvLayer& layer,
                                  const AttentionRows& rows) {
  std::vector<float> out;
  for (size_t row = 0; row < rows.rows; ++row) {
    const AttentionRows one = {rows.queries + row * rows.stride, rows.stride, 1, rows.first_position + row,
                               rows.blocks};
    const auto values = Attend(isa, shape, layer, one);
    out.insert(out.end(), values.begin(), values.end());
  }
  return out;
}

std::vector<float> AttendBySegments(Isa isa, const AttentionShape& shape, const KvLayer& layer,
                                    const AttentionRows& rows) {
  const Bytes scratch = Allocate(AttentionScratch(shape));
  const size_t floats = shape.heads_per_kv * PartialFloats(shape.head_dim);
  std::vector<float> out(rows.rows * rows.stride, kUntouched);
  for (size_t row = 0; row < rows.rows; ++row) {
    const AttentionRows one = {rows.queries + row * rows.stride, rows.stride, 1, rows.first_position + row,
                               rows.blocks};
    const SegmentRange range = SegmentsOf(shape, one.first_position);
    const size_t segments = range.last - range.first + 1;
    for (size_t head = 0; head < shape.kv_heads; ++head) {
      std::vector<float> partials(segments * floats);
      for (size_t s = segments; s-- > 0;) {
        KernelsFor(isa).attention.attend_segment(shape, layer, one, head, range.first + s, partials.data() + s * floats,
                                                 scratch.get());
      }
      KernelsFor(isa).attention.merge(shape, partials.data(), segments, head,
                                      out.data() + row * rows.stride + head * shape.heads_per_kv * shape.head_dim);
    }
  }
  return out;
}

void ExpectSameBits(const std::vector<float>& got, const std::vector<float>& want, const std::string& what) {
  ASSERT_EQ(got.size(), want.size()) << what;
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(Bits(got[i]), Bits(want[i])) << what << ", element " << i << ": " << got[i] << " instead of " << want[i];
  }
}

std::string Describe(const AttentionShape& s, size_t rows, size_t first) {
  return fmt::format("heads {} x {}, head_dim {}, softcap {}, window {}, type {}, rows {} from {}", s.kv_heads,
                     s.heads_per_kv, s.head_dim, s.softcap, s.window, static_cast<int>(s.type), rows, first);
}

struct Case {
  AttentionShape shape;
  size_t rows;
  size_t first;
};

// Combinations of every option, drawn by number.
Case DrawCase(uint64_t number) {
  uint32_t draw = 0;
  auto pick = [&](std::initializer_list<size_t> values) {
    return values.begin()[RandomBits(3, draw++, number, RandomLane::kDraw) % values.size()];
  };
  Case c = {};
  c.shape.kv_heads = pick({1, 2, 3});
  c.shape.heads_per_kv = pick({1, 2, 3, 4, 5, 7, 8, 12, 16});
  c.shape.head_dim = pick({1, 5, 16, 24, 32, 64, 64, 80, 96, 128});
  c.shape.scale = 0.3F;
  c.shape.softcap = pick({0, 0, 1}) ? 3.0F : 0.0F;
  c.shape.window = pick({0, 0, 1, 5, 16, 100, 256, 300});
  c.shape.type = static_cast<KvType>(pick({0, 1, 2}));
  static const std::vector<float> sinks = Vector(3 * 16, 99, 3);
  c.shape.sinks = pick({0, 0, 1}) ? sinks.data() : nullptr;
  c.rows = pick({1, 2, 3, 7, 16, 33});
  c.first = pick({0, 1, 7, 15, 16, 250, 255, 256, 300, 511, 530});
  c.shape.value_dim = pick({0, 0, 0, 1}) ? c.shape.head_dim / 2 + 1 : 0;
  return c;
}

TEST(Attention, EverySetHasTheBitsOfTheReferenceHoweverTheWorkIsShared) {
  FlushDenormals flush;
  const uint64_t cases = testing::kSanitized ? 24 : 120;  // a sanitizer makes each twenty times as long
  for (uint64_t number = 0; number < cases; ++number) {
    const Case c = DrawCase(number);
    const std::string what = Describe(c.shape, c.rows, c.first);
    const size_t positions = c.first + c.rows;
    Cache cache(c.shape, positions);
    cache.Fill(positions - 1);
    // The last position holds NaN: no row but the last may show it.
    const std::vector<float> bad(c.shape.kv_heads * c.shape.head_dim, number % 2 && c.rows > 1 ? NAN : 0.5F);
    cache.Store(Isa::kReference, positions - 1, bad.data(), bad.data());

    // Blocks before every window may be gone.
    std::vector<uint32_t> table = cache.table();
    const size_t gone = c.shape.window && c.first >= c.shape.window ? (c.first + 1 - c.shape.window) / 16 : 0;
    std::fill_n(table.begin(), gone, UINT32_MAX);

    const Query query(c.shape, c.rows, c.first);
    const AttentionRows rows = query.View(table);
    const auto want = AttendRowByRow(Isa::kReference, c.shape, cache.layer(), rows);
    for (size_t row = 0; row + 1 < c.rows; ++row) ASSERT_TRUE(std::isfinite(want[row * rows.stride])) << what;
    for (Isa isa : AvailableIsas()) {
      ExpectSameBits(Attend(isa, c.shape, cache.layer(), rows), want, fmt::format("{} at once, {}", Name(isa), what));
      ExpectSameBits(AttendRowByRow(isa, c.shape, cache.layer(), rows), want,
                     fmt::format("{} by row, {}", Name(isa), what));
      ExpectSameBits(AttendBySegments(isa, c.shape, cache.layer(), rows), want,
                     fmt::format("{} by segment, {}", Name(isa), what));
    }
  }
}

// Values that are the beginnings of keys are attended to as if they had been stored beside them.
TEST(Attention, ValuesMayBeTheBeginningsOfKeys) {
  FlushDenormals flush;
  for (const size_t value_dim : {1, 16, 20, 33}) {
    for (const KvType type : {KvType::kF32, KvType::kF16, KvType::kBf16}) {
      const AttentionShape beside = {1, 5, 36, 0.25F, 0, 0, type};
      AttentionShape within = beside;
      within.value_dim = value_dim;
      constexpr size_t kPositions = 280;
      Cache one(beside, kPositions), other(within, kPositions);
      for (size_t p = 0; p < kPositions; ++p) {
        const auto key = Vector(36, static_cast<uint32_t>(p));
        one.Store(Isa::kReference, p, key.data(), key.data());
        other.Store(Isa::kReference, p, key.data(), nullptr);
      }
      const Query query(beside, 30, kPositions - 30);
      for (Isa isa : AvailableIsas()) {
        const auto want = Attend(isa, beside, one.layer(), query.View(one.table()));
        const auto got = Attend(isa, within, other.layer(), query.View(other.table()));
        for (size_t i = 0; i < got.size(); ++i) {
          const bool of_head = i % query.stride < 5 * 36, value = of_head && i % query.stride % 36 < value_dim;
          ASSERT_EQ(Bits(got[i]), Bits(value ? want[i] : kUntouched)) << Name(isa) << " " << value_dim << " " << i;
        }
      }
    }
  }
}

// A layer of no blocks a head: the heads of a pass are some of those that share the one head of keys.
TEST(Attention, HeadsMayShareOneHeadOfKeysAPartAtATime) {
  FlushDenormals flush;
  const AttentionShape whole = {1, 12, 36, 0.25F, 0, 0, KvType::kF16};
  AttentionShape parts = whole;
  parts.kv_heads = 3;
  parts.heads_per_kv = 4;
  constexpr size_t kPositions = 300;
  Cache cache(whole, kPositions);
  cache.Fill(kPositions);
  KvLayer shared = cache.layer();
  shared.blocks = 0;
  const Query query(whole, 20, kPositions - 20);
  for (Isa isa : AvailableIsas()) {
    const auto want = Attend(isa, whole, cache.layer(), query.View(cache.table()));
    ExpectSameBits(Attend(isa, parts, shared, query.View(cache.table())), want, std::string(Name(isa)));
    ExpectSameBits(AttendBySegments(isa, parts, shared, query.View(cache.table())), want, std::string(Name(isa)));
  }
}

TEST(Attention, LongPrefillEqualsRowByRow) {
  FlushDenormals flush;
  for (size_t window : {0, 70}) {
    const AttentionShape shape = {1, 3, 64, 0.125F, 0, window, KvType::kF16};
    const size_t rows = 200;
    Cache cache(shape, rows);
    cache.Fill(rows);
    const Query query(shape, rows, 0);
    for (Isa isa : AvailableIsas()) {
      const auto want = AttendRowByRow(isa, shape, cache.layer(), query.View(cache.table()));
      ExpectSameBits(Attend(isa, shape, cache.layer(), query.View(cache.table())), want, std::string(Name(isa)));
    }
  }
}

TEST(Attention, ExtremeScoresHaveTheBitsOfTheReference) {
  FlushDenormals flush;
  for (float size : {1e-30F, 30.0F, 3e4F, 1e30F, kInf}) {
    for (KvType type : {KvType::kF32, KvType::kF16, KvType::kBf16}) {
      const AttentionShape shape = {1, 4, 8, 1, 0, 0, type};
      const size_t positions = 530;
      Cache cache(shape, positions);
      for (size_t p = 0; p < positions; ++p) {
        const auto key = Vector(8, static_cast<uint32_t>(p), size);
        const auto value = Vector(8, static_cast<uint32_t>(p + 9000), size);
        cache.Store(Isa::kReference, p, key.data(), value.data());
      }
      Query query(shape, 3, positions - 3);
      for (float& x : query.values) x *= size;
      const AttentionRows rows = query.View(cache.table());
      const auto want = AttendRowByRow(Isa::kReference, shape, cache.layer(), rows);
      for (Isa isa : AvailableIsas()) {
        ExpectSameBits(Attend(isa, shape, cache.layer(), rows), want, fmt::format("{} {}", Name(isa), size));
        ExpectSameBits(AttendBySegments(isa, shape, cache.layer(), rows), want, fmt::format("{} {}", Name(isa), size));
      }
    }
  }
}

TEST(Attention, StoreHasTheBytesOfTheReference) {
  FlushDenormals flush;
  for (KvType type : {KvType::kF32, KvType::kF16, KvType::kBf16}) {
    for (size_t head_dim : {1, 5, 16, 24, 33, 64}) {
      const AttentionShape shape = {2, 1, head_dim, 1, 0, 0, type};
      for (Isa isa : AvailableIsas()) {
        Cache want(shape, 40);
        Cache got(shape, 40);
        for (size_t p = 0; p < 40; ++p) {
          auto key = Vector(2 * head_dim, static_cast<uint32_t>(p), std::ldexp(1.0F, static_cast<int>(p) - 20));
          const float special[] = {kInf, -kInf, 65519, 65520, 1e-39F, 1e-7F, -0.0F, 3e38F};
          if (p % 3 == 0) key[p % key.size()] = special[p / 3 % 8];
          if (p % 7 == 0) key[0] = std::bit_cast<float>(0xffa12345U);
          auto value = key;
          std::reverse(value.begin(), value.end());
          want.Store(Isa::kReference, p, key.data(), value.data());
          got.Store(isa, p, key.data(), value.data());
        }
        ASSERT_EQ(std::memcmp(want.layer().keys, got.layer().keys, want.bytes()), 0) << Name(isa) << " " << head_dim;
        ASSERT_EQ(std::memcmp(want.layer().values, got.layer().values, want.bytes()), 0)
            << Name(isa) << " " << head_dim;
      }
    }
  }
}

// softmax(scale q k^T) v in double, straight from the vectors that were stored.
TEST(AttentionReference, IsSoftmaxAttention) {
  for (float softcap : {0.0F, 2.0F}) {
    for (size_t window : {0, 40}) {
      for (KvType type : {KvType::kF32, KvType::kF16, KvType::kBf16}) {
        const AttentionShape shape = {2, 3, 24, 0.5F, softcap, window, type};
        const size_t positions = 600;
        Cache cache(shape, positions);
        cache.Fill(positions);
        const Query query(shape, 2, positions - 2);
        const auto got = Attend(Isa::kReference, shape, cache.layer(), query.View(cache.table()));
        const double tolerance = type == KvType::kF32 ? 1e-5 : type == KvType::kF16 ? 2e-3 : 2e-2;
        for (size_t row = 0; row < 2; ++row) {
          const size_t position = positions - 2 + row;
          for (size_t h = 0; h < 6; ++h) {
            const float* q = query.values.data() + row * query.stride + h * 24;
            std::vector<double> sums(24);
            double total = 0;
            for (size_t p = window ? position + 1 - window : 0; p <= position; ++p) {
              const auto key = Vector(48, static_cast<uint32_t>(2 * p + 100), 2);
              const auto value = Vector(48, static_cast<uint32_t>(2 * p + 101));
              double score = 0;
              for (size_t d = 0; d < 24; ++d) score += static_cast<double>(q[d]) * key[h / 3 * 24 + d];
              score *= 0.5;
              if (softcap > 0) score = softcap * std::tanh(score / softcap);
              const double weight = std::exp(score);
              total += weight;
              for (size_t d = 0; d < 24; ++d) sums[d] += weight * value[h / 3 * 24 + d];
            }
            for (size_t d = 0; d < 24; ++d) {
              ASSERT_NEAR(got[row * query.stride + h * 24 + d], sums[d] / total, tolerance)
                  << Describe(shape, 2, position) << " head " << h << " dim " << d;
            }
          }
        }
      }
    }
  }
}

TEST(AttentionReference, SegmentsOfAWindow) {
  AttentionShape shape = {1, 1, 8, 1, 0, 0, KvType::kF32};
  EXPECT_EQ(SegmentsOf(shape, 600).first, 0);
  EXPECT_EQ(SegmentsOf(shape, 600).last, 2);
  shape.window = 89;  // [512, 600]
  EXPECT_EQ(SegmentsOf(shape, 600).first, 2);
  shape.window = 90;
  EXPECT_EQ(SegmentsOf(shape, 600).first, 1);
  shape.window = 5000;
  EXPECT_EQ(SegmentsOf(shape, 600).first, 0);
}

}  // namespace
}  // namespace sheepop::kernel
