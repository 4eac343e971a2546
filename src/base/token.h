// The id of a vocabulary entry. Here because every layer above speaks of it.
#pragma once

#include <cstdint>

namespace sheepop {

using Token = int32_t;

}  // namespace sheepop
