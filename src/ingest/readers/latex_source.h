// LaTeX as text: the words of a source, and the commands of it that pandoc does not know and would leave out with their
// text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sheepop {

// What a reader of the printed page would see of a source in UTF-8, roughly: without preamble, comments, names of commands,
// and arguments that are no text. Formulas stay TeX.
std::string LatexText(std::string_view source);

// Commands that pandoc said it skipped together with an argument.
struct SkippedCommands {
  std::string definitions;         // LaTeX that keeps their text, to stand before the source
  std::vector<std::string> names;  // of what is defined there: "\hl"
};

// From pandoc's log (an array of objects, --log); those in `known` are left out.
SkippedCommands DefineSkipped(std::string_view log, const std::vector<std::string>& known);

}  // namespace sheepop
