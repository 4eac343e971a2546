// The maxima of select.h over F32x16. Included after lanes.h.
#include "kernel/generic/lanes_loop.inl"
#include "kernel/select.h"

namespace sheepop::kernel {
namespace {

void GroupMaxima(const float* logits, size_t n, float* maxima) {
  const float low = -__builtin_inff();
  for (size_t begin = 0; begin < n; begin += kSelectGroup) {
    F32x16 max = Broadcast(low);
    ForEach16(n - begin < kSelectGroup ? n - begin : kSelectGroup,
              [&](size_t i, auto lanes) { max = Max(lanes.Load(logits + begin + i, low), max); });
    maxima[begin / kSelectGroup] = MaxLane(max);
  }
}

}  // namespace
}  // namespace sheepop::kernel
