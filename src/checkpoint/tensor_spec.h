// A tensor before its bytes: what a writer must know up front, and the size arithmetic that readers and writers share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tensor/dtype.h"

namespace sheepop {

struct TensorSpec {
  std::string name;
  DType type;
  std::vector<uint64_t> shape;  // outermost first, the last contiguous
};

// Elements of a shape; nullopt when a dimension is 0 or the product passes 2^63 - 1. 1 for an empty shape.
std::optional<uint64_t> ElementCount(const std::vector<uint64_t>& shape);

// Bytes of a tensor; nullopt when ElementCount is, when rows do not hold whole blocks, or past 2^63 - 1.
std::optional<uint64_t> ByteCount(DType type, const std::vector<uint64_t>& shape);

// "[2, 3]".
std::string ShapeText(const std::vector<uint64_t>& shape);

}  // namespace sheepop
