// Any element type to fp32, in plain scalar code: the meaning of each format, and the oracle of everything faster.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tensor/dtype.h"

namespace sheepop {

// `bytes` holds whole blocks of out.size() values; need not be aligned. Layouts: ggml's quantised block formats
// (https://github.com/ggml-org/ggml, ggml-common.h) restated in *_types.cc.
void Dequantise(DType type, std::span<const std::byte> bytes, std::span<float> out);

}  // namespace sheepop
