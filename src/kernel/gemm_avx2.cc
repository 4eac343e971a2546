#include "kernel/lanes_avx2.h"
#include "kernel/transpose_avx2.h"

namespace sheepop::kernel {
namespace {

constexpr size_t kLeftRows = 6;
constexpr size_t kTilePanels = 1;

}  // namespace
}  // namespace sheepop::kernel

// After the lanes and constants that it is written over.
#include "kernel/gemm_f32.inl"

namespace sheepop::kernel {

const GemmKernels kGemmAvx2 = {GemmType::kF32, Multiply, Convert, PackTransposed, 256, LoadF32};

}  // namespace sheepop::kernel
