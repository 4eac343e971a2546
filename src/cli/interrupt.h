// Ctrl-C ends work cleanly: the first one sets a flag that loops look at, a second one ends the process. It also breaks
// a wait for input (EINTR). SIGTERM counts the same.
#pragma once

namespace sheepop::cli {

class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  bool interrupted() const;
  bool terminated() const;  // by SIGTERM: not only this work but the program is to end
};

}  // namespace sheepop::cli
