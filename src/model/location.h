// Where the parameters of a model lie in a checkpoint, under the names that most families share.
#pragma once

#include <cstddef>
#include <string>

#include "checkpoint/tensor_source.h"
#include "model/config.h"
#include "model/parameters.h"

namespace sheepop {

// Where one parameter lies.
struct Location {
  std::string tensor;
  bool slice = false;  // only rows [row_begin, row_begin + rows) of a larger tensor (fused q, k, v)
  size_t row_begin = 0;
  bool transposed = false;  // stored [cols, rows]
  float offset = 0;         // added to every value (a norm's weight stored less 1)
};

// How a family answers, for one form of checkpoint. `source` may be empty, where a checkpoint is to be written.
using Locate = Location (*)(const ModelConfig&, const Parameter&, const TensorSource& source);

// A parameter under its own GGUF name.
Location LocateGguf(const ModelConfig&, const Parameter&, const TensorSource&);
// "model.layers.N.self_attn.q_proj.weight" and so on.
Location LocateHf(const ModelConfig&, const Parameter&, const TensorSource&);

}  // namespace sheepop
