// Ctrl-C ends work cleanly: the first one sets a flag that loops look at and ends a wait for input, a second one ends the
// process. SIGTERM counts the same.
#pragma once

namespace sheepop::cli {

// What is done, on any thread and in a signal's handler, before SIGINT or SIGTERM end the process; null: nothing.
void SetBeforeDeath(void (*restore)());

// One thread makes them. They may stand within each other: then an inner one adds nothing.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  bool interrupted() const;
  bool terminated() const;  // by SIGTERM: not only this work but the program is to end

  // A Ctrl-C that came has been dealt with, so the next one is a first one again. A SIGTERM stays.
  void Rearm();

  // Waits until `fd` has something to read, or its end, or `other`, unless it is negative. False when interrupted, also
  // before the wait began.
  bool WaitFor(int fd, int other = -1) const;
};

}  // namespace sheepop::cli
