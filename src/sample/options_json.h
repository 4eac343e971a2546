// Sampling settings as JSON: every row of sample/options.h by its name, numbers and switches as such, lists as arrays of
// what the command line takes.
#pragma once

#include <boost/json/fwd.hpp>

#include "sample/options.h"

namespace sheepop {

// All rows but the seed.
boost::json::object SettingsJson(const SamplingOptions& options);

// Throws kInvalidArgument, naming field, value and bound; for unknown fields too. Fields that are absent have defaults.
SamplingOptions SettingsFromJson(const boost::json::object& settings);

}  // namespace sheepop
