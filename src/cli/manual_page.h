// Manual pages of section 1 in the macros of man(7), written from what the commands say of themselves.
#pragma once

#include <string>

#include "cli/command_description.h"

namespace sheepop::cli {

// sheepop(1). What it says is the same on every machine.
std::string ProgramPage(const CommandDescription& program);

// sheepop-train(1): a command with its flags, and with those of its parts. `command`: one of the program's.
std::string CommandPage(const CommandDescription& program, const CommandDescription& command);

}  // namespace sheepop::cli
