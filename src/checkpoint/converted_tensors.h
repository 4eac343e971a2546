// Tensors of a Hugging Face folder that are read in another form than the file holds.
#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "checkpoint/tensor_source.h"

namespace sheepop {

struct ConvertedTensors {
  std::vector<TensorInfo> tensors;
  std::vector<std::unique_ptr<const TensorForm>> forms;  // of each
  std::set<std::string, std::less<>> consumed;           // what went into them and is no weight itself
};

}  // namespace sheepop
