#include "kernel/kernels.h"

#include <array>

namespace sheepop::kernel {

const Kernels& KernelsFor(Isa isa) {
  static const auto tables = [] {
    std::array<Kernels, 3> all;
    for (Isa each : {Isa::kReference, Isa::kAvx2, Isa::kAvx512}) {
      all[static_cast<size_t>(each)] = {MatMulKernelsFor(each), WideMatMulKernelsFor(each), VectorKernelsFor(each),
                                        AttentionKernelsFor(each)};
    }
    return all;
  }();
  return tables[static_cast<size_t>(isa)];
}

}  // namespace sheepop::kernel
