#include "train/train_kernels.h"

#include "base/error.h"

namespace sheepop {

TrainKernels TrainKernels::For(Isa isa, kernel::GemmType type) {
  const kernel::GemmKernels* gemm = kernel::KernelsFor(isa).GemmOf(type);
  if (!gemm) {
    throw Error(ErrorCategory::kUnsupported,
                "precision bf16 needs kernels with bf16 products, which the {} ones are not; use fp32 with these",
                Name(isa));
  }
  return {kernel::KernelsFor(isa).vector, kernel::KernelsFor(isa).train_vector, *gemm};
}

Panels::Panels(kernel::GemmType type, size_t rows, size_t width) {
  // An odd number of lines: one row of all panels would else lie in a few sets of the caches.
  const size_t panel = (kernel::Units(type, rows) | 1) * kernel::kPanelColumns;
  const size_t panels = (width + kernel::kPanelColumns - 1) / kernel::kPanelColumns;
  buffer_ = HugeBuffer(panels * panel * kernel::kUnitBytes);
  view_ = {buffer_.data(), type, width, panel};
}

kernel::GemmRegion Panels::Region(RowRange rows) const {
  const size_t panels = (view_.width + kernel::kPanelColumns - 1) / kernel::kPanelColumns;
  const size_t line = kernel::kPanelColumns * kernel::kUnitBytes;
  return {view_.From(rows.begin).data, kernel::Units(view_.type, rows.count) * line, panels,
          view_.panel * kernel::kUnitBytes};
}

}  // namespace sheepop
