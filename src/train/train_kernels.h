// The kernels that training uses on one instruction set, and rows of activations in the element type of its products.
#pragma once

#include <cstring>

#include "base/huge_buffer.h"
#include "kernel/gemm.h"
#include "kernel/kernels.h"
#include "kernel/train_vector.h"

namespace sheepop {

struct RowRange {
  size_t begin, count;
};

// Rows that are computed one by one and then converted: whole units of any type.
inline constexpr size_t kRowsAtOnce = 2;

// A matrix of activations [rows, width] in the products' element type; rows are padded with a zero
// to whole units.
struct ActivationView {
  std::byte* data;
  kernel::GemmType type;
  size_t width;

  size_t stride() const { return kernel::Units(type, width) * kernel::UnitDepth(type); }  // elements
  std::byte* row(size_t r) const { return data + r * stride() * kernel::ElementBytes(type); }
  ActivationView From(size_t r) const { return {row(r), type, width}; }
  static size_t Bytes(kernel::GemmType type, size_t rows, size_t width) {
    return rows * kernel::Units(type, width) * kernel::kUnitBytes;
  }
};

// The same numbers in panels (kernel/gemm.h): an operand of products down the rows.
struct PanelsView {
  std::byte* data;
  kernel::GemmType type;
  size_t width, panel;  // units from one panel to the next

  // `row` is the first of a unit.
  PanelsView From(size_t row) const {
    return {data + kernel::Units(type, row) * kernel::kPanelColumns * kernel::kUnitBytes, type, width, panel};
  }
  // `column` is the first of a panel.
  const std::byte* Column(size_t column) const {
    return data + column / kernel::kPanelColumns * panel * kernel::kUnitBytes;
  }
};

// fp32 [count, stride].
struct FloatRows {
  const float* x;
  size_t stride, count;
};

struct TrainKernels {
  const kernel::VectorKernels& vector;
  const kernel::TrainVectorKernels& train;
  const kernel::GemmKernels& gemm;  // fp32 or bf16

  // Throws kUnsupported for kBf16 where the processor has no bf16 dot products.
  static TrainKernels For(Isa isa, kernel::GemmType type);

  // Whole rows of a matrix, from its first on: what fills a row's last unit too.
  void Convert(const FloatRows& x, const ActivationView& rows) const { Convert(x, rows, {}); }
  void Convert(const FloatRows& x, const PanelsView& panels) const {
    Convert(x, {nullptr, panels.type, panels.width}, panels);
  }
  void Convert(const FloatRows& x, const ActivationView& rows, const PanelsView& panels) const {
    gemm.convert({x.x, x.stride, x.count, rows.width, rows.data, rows.stride(), panels.data, panels.panel});
    if (!rows.data || rows.stride() == rows.width) return;
    const size_t bytes = kernel::ElementBytes(rows.type), padding = rows.stride() - rows.width;
    for (size_t r = 0; r < x.count; ++r) std::memset(rows.row(r) + rows.width * bytes, 0, padding * bytes);
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

class Panels {
 public:
  Panels() = default;
  Panels(kernel::GemmType type, size_t rows, size_t width);
  const PanelsView& view() const { return view_; }
  PanelsView From(size_t row) const { return view_.From(row); }
  kernel::GemmRegion Region(RowRange rows) const;
  size_t bytes() const { return buffer_.size(); }

 private:
  HugeBuffer buffer_;
  PanelsView view_{};
};

}  // namespace sheepop
