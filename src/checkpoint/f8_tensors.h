// Tensors of 8-bit floating point in a Hugging Face folder: E4M3 of "OCP 8-bit Floating Point Specification 1.0" (4 bits of
// exponent, whose bias is 7, 3 of mantissa, no infinities; magnitude 127 is NaN), each with a tensor of scales beside it,
// which its values are multiplied by: NAME_scale_inv, one number or one for every block of 128 x 128, the last ones cut.
//
// They become bf16, which is what such models were made from and what transformers makes of them: a product has at most 4
// bits of mantissa by 8 (bf16 scales) or 24 (f32), so rounding to 8 bits moves it by 2^-9 of itself at most, a thirtieth
// of what rounding to E4M3 did. The folder owns the copies, 2 bytes a value, beside the weights that are packed of them:
// converted to GGUF once, a model starts without them.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "checkpoint/safetensors.h"

namespace sheepop {

struct F8Tensors {
  std::vector<TensorInfo> tensors;              // bf16; bytes point into `bytes`
  std::vector<std::vector<std::byte>> bytes;    // of each
  std::set<std::string, std::less<>> consumed;  // scales, of weights and of activations, that are no weights themselves
};

// Of all files of a folder. A tensor without scales is left unreadable. kCorrupt or kUnsupported, naming the tensor, where
// its bytes or its scales do not fit its shape.
F8Tensors ReadF8Tensors(const std::vector<SafetensorsFile>& files);

}  // namespace sheepop
