#include <cmath>

#include "kernel/generic/copy_floats.h"
#include "kernel/reference/set.h"

namespace sheepop::kernel {
namespace {

void Multiply(const Gemm& g) {
  const auto* left = static_cast<const float*>(g.left);
  const auto* right = static_cast<const float*>(g.right);
  for (size_t row = 0; row < g.rows; ++row) {
    for (size_t column = 0; column < g.columns; ++column) {
      const float* panel = right + column / kPanelColumns * g.right_panel + column % kPanelColumns;
      float sum = g.start ? g.start[row * g.start_stride + column] : 0.0F;
      if (g.bias) sum += g.bias[column];
      for (size_t k = 0; k < g.depth; ++k) {
        sum = std::fma(left[row * g.left_row + k * g.left_step], panel[k * kPanelColumns], sum);
      }
      g.out[row * g.out_stride + column] = sum;
    }
  }
}

void PackTransposed(const float* source, size_t stride, size_t depth, size_t columns, size_t right_panel,
                    void* panels) {
  for (size_t column = 0; column < columns; column += kPanelColumns) {
    float* to = static_cast<float*>(panels) + column / kPanelColumns * right_panel;
    for (size_t k = 0; k < depth; ++k) {
      for (size_t i = 0; i < kPanelColumns; ++i) {
        *to++ = column + i < columns ? source[(column + i) * stride + k] : 0.0F;
      }
    }
  }
}

void Convert(const GemmConversion& c) {
  for (size_t r = 0; r < c.rows; ++r) {
    const float* x = c.x + r * c.stride;
    if (c.to_rows) CopyF32(x, c.columns, static_cast<float*>(c.to_rows) + r * c.row_stride);
    if (!c.to_panels) continue;
    float* unit = static_cast<float*>(c.to_panels) + r * kPanelColumns;
    for (size_t column = 0; column < c.columns; ++column) {
      unit[column / kPanelColumns * c.panel + column % kPanelColumns] = x[column];
    }
  }
}

}  // namespace

constinit const GemmKernels reference::kGemm = {GemmType::kF32, Multiply, Convert, PackTransposed, 1024, LoadF32};

}  // namespace sheepop::kernel
