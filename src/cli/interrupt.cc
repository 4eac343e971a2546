#include "cli/interrupt.h"

#include <csignal>

namespace sheepop::cli {
namespace {

volatile std::sig_atomic_t last_signal = 0;

void OnSignal(int signal) { last_signal = signal; }

void Handle(void (*handler)(int), int flags) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  last_signal = 0;
  Handle(OnSignal, static_cast<int>(SA_RESETHAND));
}

InterruptGuard::~InterruptGuard() { Handle(SIG_DFL, 0); }

bool InterruptGuard::interrupted() const { return last_signal != 0; }

bool InterruptGuard::terminated() const { return last_signal == SIGTERM; }

}  // namespace sheepop::cli
