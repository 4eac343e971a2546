// What would have kept a token: the smallest change of one setting.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "sample/options.h"
#include "sample/trace.h"

namespace sheepop {

// For each setting of a filter in force, moves it toward off and finds, by bisection, the first value at which
// `survives` says that the token stays; settings that alone do not suffice are left out. The setting of the step
// `removed_by` comes first. Every remedy was tried: survives(options with it) is true.
std::vector<Remedy> FindRemedies(const SamplingOptions& options, std::string_view removed_by, size_t vocabulary_size,
                                 const std::function<bool(const SamplingOptions&)>& survives);

}  // namespace sheepop
