// Time that passes, in seconds since an arbitrary moment. Code that reports durations takes a Clock, so that a test can
// set it.
#pragma once

#include <chrono>
#include <functional>

namespace sheepop {

using Clock = std::function<double()>;

// The machine's monotonic clock. Any thread.
inline double MonotonicSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Seconds since it was made or restarted.
class Stopwatch {
 public:
  double seconds() const { return MonotonicSeconds() - start_; }
  void Restart() { start_ = MonotonicSeconds(); }

 private:
  double start_ = MonotonicSeconds();
};

}  // namespace sheepop
