// A line that somebody types at a terminal, and edits: libedit with the keys of Emacs, the arrow keys, and a history.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "cli/interrupt.h"

namespace sheepop::cli {

// Takes the line editing of a terminal over, while there is one: the terminal's own cuts a line at 4,095 bytes, and
// cannot tell several pasted lines from several messages. What is typed meanwhile is not shown, and waits for the next
// line. Restores it at the end, and when a signal ends the process. One at a time.
class RawTerminal {
 public:
  RawTerminal();
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
};

// Standard input and output are a terminal in the care of a RawTerminal, which outlives it, as `interrupt` does. One at a
// time, on the thread that made it.
class LineEditor {
 public:
  enum class Result { kLine, kEnd, kInterrupted };

  explicit LineEditor(const InterruptGuard& interrupt);
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;
  ~LineEditor();

  // The next line, as valid UTF-8 and without its end; one that was pasted may have several. `prompt`: ASCII with a space
  // at its end, bright green with `color`. kEnd: Ctrl-D on an empty line, or the terminal is gone. A signal ends the wait
  // with kInterrupted, and what had been typed is gone. Throws kIo, and kLimit for a line beyond 16 MiB.
  Result Read(std::string_view prompt, bool color, std::string& line);

  // What the arrow keys and Ctrl-R find: this one first.
  void Remember(const std::string& line);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sheepop::cli
