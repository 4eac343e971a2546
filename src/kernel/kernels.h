// The one table of kernels, an entry for each instruction set. Kernels are loops over raw pointers: they own nothing,
// allocate nothing, throw nothing, and may be called from any thread on disjoint outputs. `reference` is plain C++ written
// for reading; every other set must give the same bits.
//
// A set is a folder of this one: its set.cc says what it has and what it takes over from another set. Its row in
// cmake/KernelSets.cmake holds its compiler flags and the processors that it is built for, its row in base/cpu.cc its name
// and how to find out whether it runs here. Nothing outside a set's folder names its tables.
#pragma once

#include "base/cpu.h"
#include "kernel/attention.h"
#include "kernel/gemm.h"
#include "kernel/limits.h"
#include "kernel/matmul.h"
#include "kernel/matmul_wide.h"
#include "kernel/select.h"
#include "kernel/train_vector.h"
#include "kernel/vector.h"

namespace sheepop::kernel {

struct Kernels {
  MatMulKernels matmul;
  WideMatMulKernels wide_matmul;
  VectorKernels vector;
  AttentionKernels attention;
  SelectKernels select;
  GemmKernels gemm_f32;
  const GemmKernels* gemm_bf16;  // null: the set has none
  TrainVectorKernels train_vector;
  LimitKernels limits;

  // Null for a type that the set has no products of.
  const GemmKernels* GemmOf(GemmType type) const { return type == GemmType::kF32 ? &gemm_f32 : gemm_bf16; }
};

// The isa must be one of AvailableIsas().
const Kernels& KernelsFor(Isa isa);

}  // namespace sheepop::kernel
