// --held-out and --held-out-share.
#pragma once

#include <cstdint>
#include <string>

#include "cli/console.h"
#include "cli/flags/flag_set.h"
#include "data/held_out.h"

namespace sheepop::cli {

// `held_out` outlives the parse.
void RegisterHeldOut(FlagSet flags, HeldOut& held_out);

// Warns where words were cut from held-out documents because learned ones have them, too.
void TellOverlap(const Console& console, const std::string& input, uint64_t words_cut);

}  // namespace sheepop::cli
