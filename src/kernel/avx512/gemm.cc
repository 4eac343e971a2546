#include "kernel/avx512/lanes.h"
#include "kernel/avx512/set.h"
#include "kernel/avx512/transpose.h"

namespace sheepop::kernel {
namespace {

constexpr size_t kLeftRows = 8;
constexpr size_t kTilePanels = 3;

}  // namespace
}  // namespace sheepop::kernel

// After the lanes and constants that it is written over.
#include "kernel/generic/gemm_f32.inl"

namespace sheepop::kernel {

constinit const GemmKernels avx512::kGemm = {GemmType::kF32, Multiply, Convert, PackTransposed, 1024, LoadF32};

}  // namespace sheepop::kernel
