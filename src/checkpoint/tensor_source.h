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

// How a tensor is read whose file holds it in another form. Immutable; any thread may read.
class TensorForm {
 public:
  virtual ~TensorForm() = default;
  // Bytes [begin, begin + out.size()) of the tensor as its type lays them out: whole blocks.
  virtual void Read(size_t begin, std::span<std::byte> out) const = 0;
  // What Read reads for these may leave this process's memory.
  virtual void Release(size_t begin, size_t size) const = 0;
};

struct TensorInfo {
  std::string name;
  DType type;
  // Outermost first, the last contiguous: a matrix is [rows (outputs), cols (inputs)]. (GGUF stores them reversed.)
  std::vector<uint64_t> shape;
  std::span<const std::byte> bytes;  // into the map; exactly the tensor's size; not necessarily aligned
  // Not null: the bytes are [form_begin, form_begin + form_size) of what this reads, and `bytes` is empty. The source's.
  const TensorForm* form = nullptr;
  size_t form_begin = 0, form_size = 0;

  size_t size() const { return form ? form_size : bytes.size(); }  // in bytes
  // Only these bytes of it.
  TensorInfo Part(size_t begin, size_t size) const;
  // These bytes: where they lie, or read into `buffer`.
  std::span<const std::byte> Read(size_t begin, size_t size, std::vector<std::byte>& buffer) const;
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
