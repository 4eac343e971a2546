// What the writers share: tensors' bytes arrive in the declared order, in pieces of any size.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoint/tensor_spec.h"

namespace sheepop {

class AppendOrder {
 public:
  AppendOrder(std::vector<TensorSpec> tensors, std::vector<uint64_t> sizes)
      : tensors_(std::move(tensors)), sizes_(std::move(sizes)) {}

  const std::vector<TensorSpec>& tensors() const { return tensors_; }
  const std::vector<uint64_t>& sizes() const { return sizes_; }  // [tensors] bytes
  bool complete() const { return current_ == tensors_.size(); }

  // Notes that `bytes` more of `tensor` were written, which must be its turn; true when that tensor is now complete.
  bool Advance([[maybe_unused]] std::string_view tensor, uint64_t bytes) {
    assert(!complete() && tensors_[current_].name == tensor);
    assert(bytes <= sizes_[current_] - appended_);
    appended_ += bytes;
    if (appended_ < sizes_[current_]) return false;
    appended_ = 0;
    ++current_;
    return true;
  }

 private:
  std::vector<TensorSpec> tensors_;
  std::vector<uint64_t> sizes_;
  size_t current_ = 0;     // the tensor in progress
  uint64_t appended_ = 0;  // its bytes so far
};

}  // namespace sheepop
