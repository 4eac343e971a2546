#include "sample/steps/temperature.h"

namespace sheepop {

void Temperature::Apply(Candidates& candidates, const SequenceState&) const {
  if (temperature_ > 0) {
    candidates.DivideBy(temperature_);
  } else {
    candidates.KeepFirst(1, false);
  }
}

}  // namespace sheepop
