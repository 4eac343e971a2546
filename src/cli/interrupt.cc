#include "cli/interrupt.h"

#include <csignal>

namespace sheepop::cli {
namespace {

volatile std::sig_atomic_t interrupted_flag = 0;

void OnSignal(int) { interrupted_flag = 1; }

void Handle(void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  interrupted_flag = 0;
  Handle(OnSignal, static_cast<int>(SA_RESETHAND));
}

InterruptGuard::~InterruptGuard() { Handle(SIG_DFL, 0); }

bool InterruptGuard::interrupted() const { return interrupted_flag != 0; }

}  // namespace sheepop::cli
