// Ctrl-C ends work cleanly: the first one sets a flag that loops look at, a second one ends the process.
#pragma once

namespace sheepop::cli {

class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  bool interrupted() const;
};

}  // namespace sheepop::cli
