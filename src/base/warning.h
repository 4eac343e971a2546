// What the user should know though the work goes on: an entry of "warnings" in --json, and a line on stderr.
#pragma once

#include <string>

namespace sheepop {

struct Warning {
  std::string code;   // of the kind, for programs: "unknown_key"
  std::string thing;  // what it is about: a key, a file, an option
  std::string value;  // what it holds; may be empty
  std::string line;   // for people: thing, value and what follows from it
};

}  // namespace sheepop
