// Words of Philox4x32 (base/philox.h) for several counters that follow one another, and what generic/dropout.inl does
// with them. A word stands in the low half of 64 bits; what is in the high half means nothing.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sheepop::kernel {
namespace {

constexpr size_t kPhiloxBlocks = 1;

struct PhiloxWords {
  uint64_t v;
};

inline PhiloxWords Words(uint64_t value) { return {value}; }
inline PhiloxWords Ascending(uint64_t first) { return {first}; }  // 64 bits each
inline PhiloxWords Product(PhiloxWords x, PhiloxWords y) { return {(x.v & 0xffffffff) * (y.v & 0xffffffff)}; }
inline PhiloxWords High(PhiloxWords x) { return {x.v >> 32}; }
inline PhiloxWords Xor(PhiloxWords x, PhiloxWords y, PhiloxWords z) { return {x.v ^ y.v ^ z.v}; }

// out [kPhiloxBlocks, 4]
inline void StoreBlocks(PhiloxWords w0, PhiloxWords w1, PhiloxWords w2, PhiloxWords w3, uint32_t* out) {
  out[0] = static_cast<uint32_t>(w0.v);
  out[1] = static_cast<uint32_t>(w1.v);
  out[2] = static_cast<uint32_t>(w2.v);
  out[3] = static_cast<uint32_t>(w3.v);
}

}  // namespace
}  // namespace sheepop::kernel
