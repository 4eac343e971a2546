// Which tokens a penalty counts. Shared by the repetition, presence and frequency penalties.
#pragma once

#include <cstdint>
#include <vector>

#include "sample/options.h"
#include "sample/sequence_state.h"

namespace sheepop {

struct PenaltyWindow {
  bool output_only = false;
  int64_t last_n = -1;  // < 0: all

  struct Seen {
    Token token;
    uint32_t count;
  };
  // Each distinct token once.
  std::vector<Seen> Count(const SequenceState& state) const;
};

// Where the repetition penalty looks, and where presence and frequency do.
PenaltyWindow RepetitionWindow(const SamplingOptions& options);
PenaltyWindow CountWindow(const SamplingOptions& options);

}  // namespace sheepop
