// How fast this machine trains.
#pragma once

#include <cstddef>

#include "base/cpu.h"

namespace sheepop {

// Arithmetic operations a second, at six for each parameter and token, from a few real steps of a model of some 2.6 million
// parameters on made-up tokens. Takes about two seconds and 200 MB. `threads` at least 1.
double MeasureTrainingRate(size_t threads, Isa isa = AvailableIsas().back());

}  // namespace sheepop
