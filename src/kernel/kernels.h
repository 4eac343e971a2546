// The one dispatch table. Kernels are loops over raw pointers: they own nothing, allocate nothing, throw nothing, and may
// be called from any thread on disjoint outputs. `reference` is plain C++ written for reading; every other set must give
// the same bits.
#pragma once

#include "base/cpu.h"
#include "kernel/attention.h"
#include "kernel/matmul.h"
#include "kernel/matmul_wide.h"
#include "kernel/vector.h"

namespace sheepop::kernel {

struct Kernels {
  MatMulKernels matmul;
  WideMatMulKernels wide_matmul;
  VectorKernels vector;
  AttentionKernels attention;
};

// The isa must be one of AvailableIsas().
const Kernels& KernelsFor(Isa isa);

}  // namespace sheepop::kernel
