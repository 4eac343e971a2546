// Lines of standard input, as a program sends them.
#pragma once

#include <string>

#include "cli/interrupt.h"

namespace sheepop::cli {

class LineReader {
 public:
  enum class Result { kLine, kEnd, kInterrupted };

  // `interrupt` must outlive it.
  explicit LineReader(const InterruptGuard& interrupt) : interrupt_(interrupt) {}

  // The next line, without its end (LF or CR LF); the last one may lack it. A signal ends the wait with kInterrupted.
  // Throws kIo, and kLimit for a line beyond 16 MiB.
  Result Read(std::string& line);

 private:
  bool Fill();  // false when a signal came

  const InterruptGuard& interrupt_;
  std::string buffer_;
  bool ended_ = false;
};

}  // namespace sheepop::cli
