// What commands print and how: text for people, one JSON document for programs, notes and progress on stderr.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "base/counted_warnings.h"
#include "base/error.h"

namespace sheepop::cli {

enum class Color { kAuto, kAlways, kNever };

class Console {
 public:
  bool json = false;     // --json: one document on stdout and nothing else
  bool verbose = false;  // notes also when stderr is no terminal
  Color color = Color::kAuto;

  // Writes to stdout at once. Throws kIo when it cannot (a full disk).
  void Print(std::string_view text) const;
  // Words for people, wrapped where a terminal is narrower; lines that hold a command to copy stay whole.
  void PrintWords(std::string_view text) const;
  // What a model wrote, or a file holds: the same, but a terminal gets no control characters from it, only their
  // pictures (U+2400 and following). Whole characters of UTF-8.
  void PrintText(std::string_view text) const;
  // What a model thinks: like PrintText, but on stderr, so that stdout has the answer alone, and dim on a terminal.
  void PrintThoughts(std::string_view text) const;
  // One line, numbers round-trip, UTF-8. What is no finite number is null, and told: in `warnings` and on stderr.
  void PrintJson(const boost::json::value& document) const;

  // A line on stderr, wrapped as above, shown on a terminal or with --verbose.
  void Note(std::string_view line) const;
  // The same, and an entry of "notes" in the next document of PrintJson. Of equal ones the first is a line, and an entry
  // with their `count`; EndNotes says how many they were.
  void Note(const Warning& note) const;
  // Told whatever stderr is: a line on it, and an entry of "warnings" in the documents of PrintJson. Equal ones as above.
  void Warn(const Warning& warning) const;
  // At the end of a command: how often those were told that were told more than once.
  void EndNotes() const;
  // Replaces the current line on stderr; only on a terminal, cut to its width, at most five times a second: what comes
  // sooner is left out. Empty text clears it, at once.
  void Progress(std::string_view line) const;

  // "sheepop: message" on stderr; when JSON was asked for, `document` too, with the error in it.
  void PrintError(const Error& error, boost::json::object document = {}) const;

  bool UsesColor() const;  // of stdout; honours NO_COLOR
  bool StdoutIsTerminal() const;
  bool StderrIsTerminal() const;

 private:
  mutable CountedWarnings warnings_, notes_;
  mutable CountedWarnings new_notes_;  // since the last document
  mutable double shown_ = 0;           // when the line was drawn
};

}  // namespace sheepop::cli
