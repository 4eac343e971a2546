// Loops of 16 lanes with a part at the end. Included after lanes.h.
#include <cstddef>

namespace sheepop::kernel {
namespace {

struct WholeLanes {
  F32x16 Load(const float* p, float /*fill*/ = 0) const { return kernel::Load(p); }
  void Store(float* p, F32x16 x) const { kernel::Store(p, x); }
};

struct FirstLanes {
  size_t n;
  F32x16 Load(const float* p, float fill = 0) const { return LoadFirst(p, n, fill); }
  void Store(float* p, F32x16 x) const { StoreFirst(p, n, x); }
};

// body(i, lanes) for i = 0, 16, ... below n; `lanes` loads and stores as many elements as are left.
template <typename Body>
inline void ForEach16(size_t n, const Body& body) {
  size_t i = 0;
  for (; i + 16 <= n; i += 16) body(i, WholeLanes{});
  if (i < n) body(i, FirstLanes{n - i});
}

}  // namespace
}  // namespace sheepop::kernel
