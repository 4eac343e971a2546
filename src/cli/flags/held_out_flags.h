// --held-out and --held-out-share.
#pragma once

#include <CLI/CLI.hpp>

#include "data/held_out.h"

namespace sheepop::cli {

// `held_out` outlives the parsing of `app`.
void RegisterHeldOut(CLI::App& app, HeldOut& held_out);

}  // namespace sheepop::cli
