// The memory of this machine, as the system tells it.
#pragma once

#include <cstddef>

namespace sheepop {

// Bytes in all, and those that programs may still take; 0 where the system does not say.
size_t TotalMemory();
size_t AvailableMemory();

}  // namespace sheepop
