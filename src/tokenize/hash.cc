#include "tokenize/hash.h"

#include <random>

namespace sheepop {

uint64_t HashSeed() {
  static const uint64_t seed = [] {
    std::random_device device;
    return static_cast<uint64_t>(device()) << 32 | device() | 1;
  }();
  return seed;
}

}  // namespace sheepop
