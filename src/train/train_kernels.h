// The kernels that training uses on one instruction set, and rows of activations in the element type of its products.
#pragma once

#include <cstring>

#include "base/huge_buffer.h"
#include "kernel/gemm.h"
#include "kernel/kernels.h"
#include "kernel/train_vector.h"

namespace sheepop {

// A matrix of activations [rows, width] in the products' element type; rows are padded with a zero
// to whole units.
struct ActivationView {
  std::byte* data;
  kernel::GemmType type;
  size_t width;

  size_t stride() const { return kernel::Units(type, width) * kernel::UnitDepth(type); }  // elements
  std::byte* row(size_t r) const { return data + r * stride() * kernel::ElementBytes(type); }
  kernel::GemmSource source(size_t r) const { return {row(r), type, stride()}; }
  static size_t Bytes(kernel::GemmType type, size_t rows, size_t width) {
    return rows * kernel::Units(type, width) * kernel::kUnitBytes;
  }
};

struct TrainKernels {
  const kernel::VectorKernels& vector;
  const kernel::TrainVectorKernels& train;
  const kernel::GemmKernels& gemm;  // fp32 or bf16

  // Throws kUnsupported for kBf16 where the processor has no bf16 dot products.
  static TrainKernels For(Isa isa, kernel::GemmType type);

  // A whole row of a matrix, the padding behind it too.
  void StoreRow(const float* x, const ActivationView& to, size_t r) const {
    gemm.store(x, to.width, to.row(r));
    const size_t bytes = kernel::ElementBytes(to.type), padding = to.stride() - to.width;
    if (padding > 0) std::memset(to.row(r) + to.width * bytes, 0, padding * bytes);
  }
};

class Activations {
 public:
  Activations() = default;
  Activations(kernel::GemmType type, size_t rows, size_t width)
      : buffer_(ActivationView::Bytes(type, rows, width)), view_{buffer_.data(), type, width} {}
  const ActivationView& view() const { return view_; }
  std::byte* row(size_t r) const { return view_.row(r); }
  size_t bytes() const { return buffer_.size(); }

 private:
  HugeBuffer buffer_;
  ActivationView view_{};
};

}  // namespace sheepop
