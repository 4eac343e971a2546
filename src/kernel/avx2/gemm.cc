#include "kernel/avx2/lanes.h"
#include "kernel/avx2/set.h"
#include "kernel/avx2/transpose.h"

namespace sheepop::kernel {
namespace {

constexpr size_t kLeftRows = 6;
constexpr size_t kTilePanels = 1;

}  // namespace
}  // namespace sheepop::kernel

// After the lanes and constants that it is written over.
#include "kernel/generic/gemm_f32.inl"

namespace sheepop::kernel {

constinit const GemmKernels avx2::kGemm = {GemmType::kF32, Multiply, Convert, PackTransposed, 256, LoadF32};

}  // namespace sheepop::kernel
