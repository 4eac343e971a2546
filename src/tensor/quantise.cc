#include "tensor/quantise.h"

#include <cassert>
#include <cmath>

#include "base/error.h"
#include "tensor/type_row.h"

namespace sheepop {
namespace {

constexpr float kHalfMax = 65504;

void RefuseUnfit(DType type, std::span<const float> values) {
  if (type == DType::kF32 || type == DType::kBF16) return;
  const bool blocks = Info(type).quantised;
  for (size_t i = 0; i < values.size(); ++i) {
    const float magnitude = std::abs(values[i]);
    if (magnitude <= kHalfMax || (!blocks && !std::isfinite(magnitude))) continue;
    throw Error(ErrorCategory::kInvalidArgument, "value {} at index {} does not fit {}, whose bound is {}", values[i],
                i, Info(type).name, kHalfMax);
  }
}

}  // namespace

bool CanQuantise(DType type) { return RowOf(type).quantise != nullptr; }

void Quantise(DType type, std::span<const float> values, std::span<std::byte> out) {
  const TypeRow& row = RowOf(type);
  if (!row.quantise)
    throw Error(ErrorCategory::kUnsupported, "weights cannot be written as {}, only read", row.info.name);
  assert(values.size() % row.info.block_size == 0);
  assert(out.size() == RowBytes(type, values.size()));
  RefuseUnfit(type, values);
  row.quantise(values.data(), values.size() / row.info.block_size, reinterpret_cast<uint8_t*>(out.data()));
}

}  // namespace sheepop
