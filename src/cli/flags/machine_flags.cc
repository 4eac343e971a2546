#include "cli/flags/machine_flags.h"

#include <fmt/core.h>

#include <cstdlib>

#include "base/error.h"

namespace sheepop::cli {
namespace {

std::string AvailableNames() {
  std::string names;
  for (Isa isa : AvailableIsas()) {
    if (!names.empty()) names += ", ";
    names += Name(isa);
  }
  return names;
}

}  // namespace

void MachineFlags::Register(FlagSet flags) {
  flags
      .Value("--threads", threads_, {1, double{ThreadPool::kMaxThreads}},
             fmt::format("threads, 1 to {} (default: the {} physical cores this process may use)",
                         ThreadPool::kMaxThreads, PhysicalCores()))
      .As("N");
  flags
      .Value("--isa", isa_,
             fmt::format("instruction set of the kernels: {} (default the last; or SHEEPOP_ISA)", AvailableNames()))
      .As("NAME");
}

size_t MachineFlags::threads() const { return threads_ ? threads_ : PhysicalCores(); }

ThreadPool& MachineFlags::pool() {
  if (!pool_) pool_ = std::make_unique<ThreadPool>(threads());
  return *pool_;
}

Isa MachineFlags::isa() const {
  const char* environment = std::getenv("SHEEPOP_ISA");
  const std::string name = !isa_.empty() ? isa_ : environment ? environment : "";
  if (name.empty()) return AvailableIsas().back();
  for (Isa isa : AvailableIsas()) {
    if (Name(isa) == name) return isa;
  }
  throw Error(ErrorCategory::kInvalidArgument, "instruction set {} is not available here; these are: {}", name,
              AvailableNames());
}

}  // namespace sheepop::cli
