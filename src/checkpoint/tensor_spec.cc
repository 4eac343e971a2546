#include "checkpoint/tensor_spec.h"

#include <fmt/ranges.h>

#include <limits>

namespace sheepop {
namespace {

constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();

}  // namespace

std::optional<uint64_t> ElementCount(const std::vector<uint64_t>& shape) {
  uint64_t count = 1;
  for (uint64_t size : shape) {
    if (size == 0 || size > kMax / count) return std::nullopt;
    count *= size;
  }
  return count;
}

std::optional<uint64_t> ByteCount(DType type, const std::vector<uint64_t>& shape) {
  const DTypeInfo& info = Info(type);
  const std::optional<uint64_t> count = ElementCount(shape);
  if (!count || (shape.empty() ? 1 : shape.back()) % info.block_size != 0) return std::nullopt;
  const uint64_t blocks = *count / info.block_size;
  if (blocks > kMax / info.block_bytes) return std::nullopt;
  return blocks * info.block_bytes;
}

std::string ShapeText(const std::vector<uint64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

}  // namespace sheepop
