// Any element type to fp32, in plain scalar code: the meaning of each format, and the oracle of everything faster.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tensor/dtype.h"

namespace sheepop {

// `bytes` holds whole blocks of out.size() values; need not be aligned. Layouts: ggml's quantised block formats
// (https://github.com/ggml-org/ggml, ggml-common.h) restated in dequantise.cc.
void Dequantise(DType type, std::span<const std::byte> bytes, std::span<float> out);

float HalfToFloat(uint16_t half);
uint16_t FloatToHalf(float value);  // nearest, ties to even
float Bf16ToFloat(uint16_t bits);
uint16_t FloatToBf16(float value);  // nearest, ties to even; NaN stays NaN

}  // namespace sheepop
