// Which experts of a mixture a row goes through, and what their results weigh.
#pragma once

#include <cstdint>
#include <span>

#include "model/config.h"

namespace sheepop {

struct ExpertChoice {
  uint32_t expert;
  float weight;  // of its result
};

// logits [count], the router's; choice_bias [count] or null; chosen [used], by falling score, equal ones by rising number.
// A logit that is NaN is chosen last and makes the weights NaN. Computes in double without the C library, so that every
// processor chooses alike.
void ChooseExperts(const ExpertConfig& config, std::span<const float> logits, const float* choice_bias,
                   std::span<ExpertChoice> chosen);

}  // namespace sheepop
