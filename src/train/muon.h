// Muon: momentum whose update is made nearly orthogonal by five Newton-Schulz steps. Jordan et al., 2024,
// https://kellerjordan.github.io/posts/muon/.
#pragma once

#include <cstddef>

#include "base/thread_pool.h"
#include "train/train_kernels.h"

namespace sheepop {

struct MuonStep {
  float learning_rate, momentum, decay, gradient_scale;
  size_t rows, columns;
};

size_t MuonScratchFloats(size_t rows, size_t columns);

// momentum = mu * momentum + g;  u = orthogonal(g + mu * momentum);
// w -= learning_rate * (sqrt(max(1, rows / columns)) u + decay w). All [rows, columns]; fp32 products.
void MuonUpdate(const MuonStep& step, const TrainKernels& kernels, const float* gradient, float* weight,
                float* momentum, float* scratch, ThreadPool& pool);

}  // namespace sheepop
