// Lines of standard input, as somebody types them or a program sends them.
#pragma once

#include <string>

namespace sheepop::cli {

class LineReader {
 public:
  enum class Result { kLine, kEnd, kInterrupted };

  // The next line, without its end (LF or CR LF); the last one may lack it. Inside an InterruptGuard, Ctrl-C ends the
  // wait with kInterrupted, and what had been typed is gone. Throws kIo, and kLimit for a line beyond 16 MiB.
  Result Read(std::string& line);

 private:
  std::string buffer_;
  bool ended_ = false;
};

}  // namespace sheepop::cli
