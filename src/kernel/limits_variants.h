// What the files of the limit kernels share; nothing for their users.
#pragma once

#include "kernel/limits.h"

namespace sheepop::kernel {

extern const LimitKernels kLimitsReference;
extern const LimitKernels kLimitsAvx2;
extern const LimitKernels kLimitsAvx512;

}  // namespace sheepop::kernel
