// Which steps a chain has, and their order.
#pragma once

#include <memory>
#include <vector>

#include "sample/options.h"
#include "sample/step.h"
#include "sample/vocabulary.h"

namespace sheepop {

using StepList = std::vector<StepPointer>;

// What comes first in every profile: bias, bans and the like. Throws kInvalidArgument for tokens that do not exist.
StepList MakeMasks(const SamplingOptions& options, const SamplingVocabulary& vocabulary);

// The steps of `samplers`, or of the profile; Mirostat, when on, stands in for the profile's filters. A step whose
// setting is neutral is left out. Throws kInvalidArgument for an unknown name.
StepList MakeOrdered(const SamplingOptions& options, const SamplingVocabulary& vocabulary);

}  // namespace sheepop
