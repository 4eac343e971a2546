#include "cli/interrupt.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

#include "base/error.h"

namespace sheepop::cli {
namespace {

volatile std::sig_atomic_t last_signal = 0;
void (*before_death)() = nullptr;
int guards = 0;
// Readable once last_signal is set: a handler may run on any thread, and between a look at the flag and a wait.
int wakeup = -1;

void Handle(void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void Die(int signal) {
  if (before_death) before_death();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void HandleUnguarded() { Handle(before_death ? Die : SIG_DFL); }

void OnSignal(int signal) {
  const int reason = errno;
  last_signal = signal;
  HandleUnguarded();
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wakeup, &one, sizeof one);
  errno = reason;
}

void Forget() {
  last_signal = 0;
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = ::read(wakeup, &count, sizeof count);
}

}  // namespace

void SetBeforeDeath(void (*restore)()) {
  before_death = restore;
  if (guards == 0) HandleUnguarded();
}

InterruptGuard::InterruptGuard() {
  if (wakeup < 0) wakeup = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wakeup < 0) throw SystemError("cannot make an event for signals", errno);
  if (guards++ > 0) return;
  Forget();
  Handle(OnSignal);
}

InterruptGuard::~InterruptGuard() {
  if (--guards == 0) HandleUnguarded();
}

bool InterruptGuard::interrupted() const { return last_signal != 0; }

bool InterruptGuard::terminated() const { return last_signal == SIGTERM; }

void InterruptGuard::Rearm() {
  if (last_signal != SIGINT) return;
  Forget();
  Handle(OnSignal);
}

bool InterruptGuard::WaitFor(int fd, int other) const {
  pollfd any[] = {{.fd = wakeup, .events = POLLIN, .revents = 0},
                  {.fd = fd, .events = POLLIN, .revents = 0},
                  {.fd = other, .events = POLLIN, .revents = 0}};
  while (!interrupted()) {
    const int ready = ::poll(any, 3, -1);
    if (ready < 0 && errno != EINTR) throw SystemError("cannot wait for input", errno);
    if (ready > 0 && (any[1].revents != 0 || any[2].revents != 0)) return !interrupted();
  }
  return false;
}

}  // namespace sheepop::cli
