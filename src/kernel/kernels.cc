#include "kernel/kernels.h"

#include <algorithm>
#include <string_view>
#include <vector>

// SHEEPOP_KERNEL_SETS names the sets of this build: SHEEPOP_SET(reference) SHEEPOP_SET(avx2) ...
namespace sheepop::kernel {

#define SHEEPOP_SET(set) \
  namespace set {        \
  Kernels Set();         \
  }
SHEEPOP_KERNEL_SETS
#undef SHEEPOP_SET

namespace {

struct NamedSet {
  std::string_view name;
  Kernels (*make)();
};

#define SHEEPOP_SET(set) {#set, set::Set},
constexpr NamedSet kSets[] = {SHEEPOP_KERNEL_SETS};
#undef SHEEPOP_SET

}  // namespace

const Kernels& KernelsFor(Isa isa) {
  // Only those that run here are asked: a set's own code may be in its instructions.
  static const auto tables = [] {
    std::vector<Kernels> all(static_cast<size_t>(AvailableIsas().back()) + 1);
    for (Isa each : AvailableIsas()) {
      all[static_cast<size_t>(each)] = std::ranges::find(kSets, Name(each), &NamedSet::name)->make();
    }
    return all;
  }();
  return tables[static_cast<size_t>(isa)];
}

}  // namespace sheepop::kernel
