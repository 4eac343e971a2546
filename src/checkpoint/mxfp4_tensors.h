// Weights in MXFP4 (OCP Microscaling Formats 1.0) as gpt-oss's folder holds them: NAME_blocks, bytes [.., blocks, 16], in which
// byte b holds value 2b of its block in the low half and value 2b + 1 in the high one, and NAME_scales [.., blocks], a power of
// two each. They become tensors NAME of DType::kMXFP4 [.., 32 * blocks], which holds value b low and b + 16 high: the same
// numbers, laid out anew whenever they are read.
#pragma once

#include <vector>

#include "checkpoint/converted_tensors.h"
#include "checkpoint/safetensors.h"

namespace sheepop {

// Of all files of a folder, which must outlive what is returned. Throws kCorrupt, naming the tensor, where blocks and scales do not fit.
ConvertedTensors ReadMxfp4Tensors(const std::vector<SafetensorsFile>& files);

}  // namespace sheepop
