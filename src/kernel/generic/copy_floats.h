// Rows of floats as they are: what products in fp32 convert.
#pragma once

#include <cstddef>
#include <cstring>

namespace sheepop::kernel {

// Not std::copy: a template that was compiled for one instruction set could be linked into another's code.
static inline void CopyF32(const float* x, size_t n, float* to) {
  if (n > 0) std::memcpy(to, x, n * sizeof(float));
}
static inline void LoadF32(const void* row, size_t n, float* x) { CopyF32(static_cast<const float*>(row), n, x); }

}  // namespace sheepop::kernel
