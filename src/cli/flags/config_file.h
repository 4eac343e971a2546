// A command's options from a TOML file: keys are the long flags without dashes, or the name of a positional argument.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace sheepop::cli {

// To be called after the command line is read: options that it has set stay as they are. The variables bound to the
// options are set. Throws kNotFound, and kInvalidArgument naming a key that is no option or has a wrong value.
void ReadOptions(const std::string& path, CLI::App& app);

}  // namespace sheepop::cli
