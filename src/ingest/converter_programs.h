// Which of the programs that readers may ask for are there.
#pragma once

#include <string>
#include <vector>

namespace sheepop {

struct ConverterProgram {
  std::string name, package;  // Debian's
  bool found = false;         // in PATH
};

std::vector<ConverterProgram> ConverterPrograms();

}  // namespace sheepop
