// Lines of standard input, as somebody types them or a program sends them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "cli/interrupt.h"

namespace sheepop::cli {

// Takes the line editing of a terminal over, while there is one: the terminal's own cuts a line at 4,095 bytes, and
// cannot tell several pasted lines from several messages. Restores it at the end, and when a signal ends the process.
// One at a time.
class RawTerminal {
 public:
  RawTerminal();
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
};

// What somebody types into a line, key by key: characters, erasing (backspace, Ctrl-U, Ctrl-W), and pastes as terminals
// mark them (ESC [200~ ... ESC [201~), whose line ends are part of the line.
class TypedLine {
 public:
  enum class Key { kMore, kLine, kEnd };

  // Takes one byte. `echo` gets what the terminal is to show for it. kLine: the line is complete; kEnd: Ctrl-D on an empty line.
  Key Take(char byte, std::string& echo);
  // The line, which is then empty again.
  std::string Finish();

 private:
  void TakeEscape(char byte);
  void EraseCharacter(std::string& echo);
  void Add(char byte, std::string& echo);

  std::string line_;
  std::string escape_;  // begun and not complete
  bool pasting_ = false;
};

class LineReader {
 public:
  enum class Result { kLine, kEnd, kInterrupted };

  // `typed`: standard input is a terminal in the care of a RawTerminal, and what is typed is echoed on standard output.
  // `interrupt` must outlive it.
  LineReader(const InterruptGuard& interrupt, bool typed) : interrupt_(interrupt), typed_(typed) {}

  // The next line, without its end (LF or CR LF); the last one may lack it. A signal ends the wait with kInterrupted, and
  // what had been typed is gone. Throws kIo, and kLimit for a line beyond 16 MiB.
  Result Read(std::string& line);

 private:
  Result ReadTyped(std::string& line);
  bool Fill();  // false when a signal came

  const InterruptGuard& interrupt_;
  const bool typed_;
  std::string buffer_;
  TypedLine line_;
  bool ended_ = false;
};

}  // namespace sheepop::cli
