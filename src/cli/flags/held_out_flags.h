// --held-out and --held-out-share.
#pragma once

#include "cli/flags/flag_set.h"
#include "data/held_out.h"

namespace sheepop::cli {

// `held_out` outlives the parse.
void RegisterHeldOut(FlagSet flags, HeldOut& held_out);

}  // namespace sheepop::cli
