// Settings that somebody gave and that change nothing: a threshold of a step that is off, a filter that Mirostat or a list
// of samplers leaves out.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/warning.h"
#include "sample/options.h"

namespace sheepop {

// Why the row changes nothing in `options`, as "--mirostat is 2"; empty when it may. `flags`: rows are called by their
// flags, else by their names.
std::string IdleReason(const SamplingOptions& options, const OptionRow& row, bool flags);

// One for each of the rows that changes nothing.
std::vector<Warning> IdleOptions(const SamplingOptions& options, std::span<const OptionRow* const> given, bool flags);

}  // namespace sheepop
