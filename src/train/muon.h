// Muon: momentum whose update is made nearly orthogonal by five Newton-Schulz steps. Jordan et al., 2024,
// https://kellerjordan.github.io/posts/muon/.
#pragma once

#include <cstddef>

#include "train/train_kernels.h"

namespace sheepop {

struct MuonStep {
  float learning_rate, momentum, decay, gradient_scale;
  size_t rows, columns;
};

// Of the scratch that MuonUpdate needs; a multiple of a cache line.
size_t MuonScratchBytes(const TrainKernels& kernels, size_t rows, size_t columns);

// momentum = mu * momentum + g;  u = orthogonal(g + mu * momentum);
// w -= learning_rate * (sqrt(max(1, rows / columns)) u + decay w). All [rows, columns]. The products are those of
// kernels.gemm: bf16 with fp32 sums, where training multiplies so. Works in the calling thread alone: a layer has more
// matrices than a machine has threads, so the matrices are what is shared out.
void MuonUpdate(const MuonStep& step, const TrainKernels& kernels, const float* gradient, float* weight,
                float* momentum, std::byte* scratch);

}  // namespace sheepop
