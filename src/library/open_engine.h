// The options of an engine that OpenOptions name.
#pragma once

#include "generate/engine_options.h"
#include "include/sheepop/sheepop.h"

namespace sheepop {

// `usual`: where they say nothing. Throws kInvalidArgument for a name that there is not and a value out of its bounds.
inline EngineOptions EngineOf(const OpenOptions& options, EngineOptions usual = {}) {
  usual.context = options.context;
  for (const auto& [name, value] : options.engine) kEngineTable.Set(usual, name, value);
  kEngineTable.Validate(usual);
  return usual;
}

}  // namespace sheepop
