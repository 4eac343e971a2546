// Named tensors as they lie in a file: what GGUF and safetensors have in common, and all that the model needs to know.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/dtype.h"

namespace sheepop {

struct TensorInfo {
  std::string name;
  DType type;
  // Outermost first, the last contiguous: a matrix is [rows (outputs), cols (inputs)]. (GGUF stores them reversed.)
  std::vector<uint64_t> shape;
  std::span<const std::byte> bytes;  // into the map; exactly the tensor's size; not necessarily aligned
};

// Immutable after opening; any thread may read. The spans live as long as the source.
class TensorSource {
 public:
  virtual ~TensorSource() = default;
  virtual const std::vector<TensorInfo>& tensors() const = 0;
  virtual const TensorInfo* Find(std::string_view name) const = 0;
  // The tensor's pages may leave this process's memory; they come back if read again.
  virtual void Release(const TensorInfo& tensor) const = 0;
  // While it lives, the tensor's bytes stay where they are, though the source be gone. Null where nothing can promise that.
  virtual std::shared_ptr<const void> Hold(const TensorInfo&) const { return nullptr; }
};

}  // namespace sheepop
