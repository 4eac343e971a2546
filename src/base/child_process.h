// Runs a converter as a child process that a hostile document cannot turn against the run: limits on processor time,
// wall time, memory, output and files; no input; no inherited files; its whole process group is killed at the end; it
// dies with its parent.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace sheepop {

struct ChildLimits {
  uint32_t cpu_seconds = 60;
  uint32_t wall_seconds = 180;                 // the safety net; a busy machine must not decide what the corpus holds
  uint64_t memory_bytes = uint64_t{2} << 30;   // address space
  uint64_t output_bytes = uint64_t{64} << 20;  // of stdout, and of each file written
};

enum class ChildOutcome {
  kExited,   // by itself, with `code`
  kMissing,  // no such program
  kCpuLimit,
  kWallLimit,
  kOutputLimit,
  kSignal,    // killed by signal `code`: it crashed, or the memory ended
  kUnwanted,  // killed because ChildCommand::unwanted said so
};

struct ChildResult {
  ChildOutcome outcome = ChildOutcome::kExited;
  int code = 0;
  std::string output;  // stdout; only the first output_bytes
  std::string errors;  // stderr; only the first 16 KiB
  bool ok() const { return outcome == ChildOutcome::kExited && code == 0; }
};

struct ChildCommand {
  std::vector<std::string> arguments;    // [0] is looked up in PATH; no shell
  std::filesystem::path folder;          // working folder; the present one when empty
  std::vector<std::string> environment;  // "NAME=value", beside PATH, HOME=/nonexistent, LC_ALL=C.UTF-8 and TMPDIR
  std::function<bool()> unwanted = {};   // asked ten times a second while it runs; true ends it
};

// Throws Error(kIo) only when the system has no processes or pipes left. Safe from any thread.
ChildResult RunChild(const ChildCommand& command, const ChildLimits& limits);

}  // namespace sheepop
