#include "cli/flags/machine_flags.h"

#include <fmt/core.h>

#include <array>
#include <cstdlib>

#include "base/error.h"

namespace sheepop::cli {
namespace {

template <class Isas>
std::string Names(const Isas& isas, std::string_view between) {
  std::string names;
  for (Isa isa : isas) {
    if (!names.empty()) names += between;
    names += Name(isa);
  }
  return names;
}

// Of whatever machine: what is written of the program is the same on each.
constexpr std::array kIsas = {Isa::kReference, Isa::kAvx2, Isa::kAvx512, Isa::kAvx512Bf16};

Isa IsaNamed(std::string_view thing, std::string_view name) {
  for (Isa isa : AvailableIsas()) {
    if (Name(isa) == name) return isa;
  }
  throw Error(ErrorCategory::kInvalidArgument, "{} is \"{}\", must be an instruction set of this machine: {}", thing,
              name, Names(AvailableIsas(), ", "));
}

}  // namespace

void MachineFlags::Register(FlagSet flags) {
  flags
      .Value("--threads", threads_, {1, double{ThreadPool::kMaxThreads}},
             fmt::format(
                 "threads, 1 to {}, which change only the speed (default: the physical cores this process may use)",
                 ThreadPool::kMaxThreads))
      .As("N");
  flags
      .Each("--isa",
            fmt::format("instruction set of the kernels: {} (default the last that this machine has, see sheepop "
                        "doctor; or SHEEPOP_ISA); changes only the speed, and for unquantised weights the last bits",
                        Names(kIsas, ", ")),
            [this](std::string_view flag, std::string_view text) {
              IsaNamed(flag, text);  // refused also by commands that compute nothing
              isa_ = text;
            })
      .As("NAME")
      .OneOf(Names(kIsas, "|"));
}

size_t MachineFlags::threads() const { return threads_ ? threads_ : PhysicalCores(); }

ThreadPool& MachineFlags::pool() {
  if (!pool_) pool_ = std::make_unique<ThreadPool>(threads());
  return *pool_;
}

Isa MachineFlags::isa() const {
  const char* environment = std::getenv("SHEEPOP_ISA");
  const std::string name = !isa_.empty() ? isa_ : environment ? environment : "";
  return name.empty() ? AvailableIsas().back() : IsaNamed(isa_.empty() ? "SHEEPOP_ISA" : "--isa", name);
}

}  // namespace sheepop::cli
