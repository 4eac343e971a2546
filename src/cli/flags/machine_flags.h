// --threads and --isa: what a command uses of the machine.
#pragma once

#include <memory>
#include <string>

#include "base/cpu.h"
#include "base/thread_pool.h"
#include "cli/flags/flag_set.h"

namespace sheepop::cli {

class MachineFlags {
 public:
  void Register(FlagSet flags);

  size_t threads() const;  // of --threads
  ThreadPool& pool();      // of them; made once
  Isa isa() const;         // of --isa, else of SHEEPOP_ISA; throws kInvalidArgument where it is not available

 private:
  std::string isa_;
  size_t threads_ = 0;  // 0: physical cores
  std::unique_ptr<ThreadPool> pool_;
};

}  // namespace sheepop::cli
