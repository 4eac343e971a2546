#include "sample/steps/dynamic_temperature.h"

#include <algorithm>

#include "sample/real_math.h"
#include "sample/steps/temperature.h"

namespace sheepop {

void DynamicTemperature::Apply(Candidates& candidates, const SequenceState& state) const {
  const size_t count = candidates.Count();
  if (count < 2) return;
  const double share = std::clamp(candidates.EntropyNats() / Ln(static_cast<double>(count)), 0.0, 1.0);
  const double low = std::max(0.0, temperature_ - range_);
  const double high = temperature_ + range_;
  Temperature(low + (high - low) * Power(share, exponent_)).Apply(candidates, state);
}

}  // namespace sheepop
