// What a shell completes behind `sheepop`: commands, flags, the choices of a flag's value, files, folders and models by
// their names. Written from what the commands say of themselves.
#pragma once

#include <string>
#include <string_view>

#include "cli/command_description.h"

namespace sheepop::cli {

// `shell`: bash, zsh or fish. Throws kInvalidArgument for another one.
std::string Completions(const CommandDescription& program, std::string_view shell);

}  // namespace sheepop::cli
