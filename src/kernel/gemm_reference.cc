#include <algorithm>
#include <cassert>
#include <cmath>

#include "kernel/gemm_variants.h"

namespace sheepop::kernel {
namespace {

constexpr size_t kLeftRows = 4;

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

const float* Values(const GemmSource& source) {
  assert(source.type == GemmType::kF32);
  return static_cast<const float*>(source.data);
}

void PackColumns(const GemmSource& source, size_t depth, size_t columns, size_t right_panel, void* panels) {
  const float* from = Values(source);
  for (size_t column = 0; column < columns; column += kPanelColumns) {
    float* to = static_cast<float*>(panels) + column / kPanelColumns * right_panel;
    for (size_t k = 0; k < depth; ++k) {
      for (size_t i = 0; i < kPanelColumns; ++i) {
        *to++ = column + i < columns ? from[k * source.stride + column + i] : 0.0F;
      }
    }
  }
}

void PackTransposed(const GemmSource& source, size_t depth, size_t columns, size_t right_panel, void* panels) {
  const float* from = Values(source);
  for (size_t column = 0; column < columns; column += kPanelColumns) {
    float* to = static_cast<float*>(panels) + column / kPanelColumns * right_panel;
    for (size_t k = 0; k < depth; ++k) {
      for (size_t i = 0; i < kPanelColumns; ++i) {
        *to++ = column + i < columns ? from[(column + i) * source.stride + k] : 0.0F;
      }
    }
  }
}

void PackLeft(const GemmSource& source, size_t depth, size_t rows, size_t tile_units, void* tiles) {
  const float* from = Values(source);
  for (size_t row = 0; row < rows; row += kLeftRows) {
    float* to = static_cast<float*>(tiles) + row / kLeftRows * tile_units;
    for (size_t k = 0; k < depth; ++k) {
      for (size_t i = 0; i < kLeftRows; ++i) *to++ = row + i < rows ? from[k * source.stride + row + i] : 0.0F;
    }
  }
}

}  // namespace

const GemmKernels kGemmReference = {GemmType::kF32, kLeftRows, Multiply, PackColumns,
                                    PackTransposed, PackLeft,  StoreF32, LoadF32};

}  // namespace sheepop::kernel
