// Tensors of 8-bit floating point in a Hugging Face folder: E4M3 of "OCP 8-bit Floating Point Specification 1.0" (4 bits of
// exponent, whose bias is 7, 3 of mantissa, no infinities; magnitude 127 is NaN), each with a tensor of scales beside it,
// which its values are multiplied by: NAME_scale_inv, one number or one for every block of 128 x 128, the last ones cut.
//
// They become bf16, which is what such models were made from and what transformers makes of them: a product has at most 4
// bits of mantissa by 8 (bf16 scales) or 24 (f32), so rounding to 8 bits moves it by 2^-9 of itself at most, a thirtieth
// of what rounding to E4M3 did. They are computed anew whenever they are read.
#pragma once

#include <vector>

#include "checkpoint/converted_tensors.h"
#include "checkpoint/safetensors.h"

namespace sheepop {

// Of all files of a folder, which must outlive what is returned. A tensor without scales is left unreadable. kCorrupt or kUnsupported, naming the tensor, where
// its bytes or its scales do not fit its shape.
ConvertedTensors ReadF8Tensors(const std::vector<SafetensorsFile>& files);

}  // namespace sheepop
