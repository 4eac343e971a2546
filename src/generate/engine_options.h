// What an engine is built with, and the rows that describe it to every front: flags, JSON, the library, capsules.
#pragma once

#include <cstddef>

#include "base/clock.h"
#include "base/option_table.h"
#include "base/warning.h"
#include "model/kv_cache.h"

namespace sheepop {

struct EngineOptions {
  size_t context = 0;          // positions of one sequence; 0: the model's own, at most 4096
  size_t sequences = 1;        // that run at once; more wait
  size_t prefill_chunk = 256;  // most prompt tokens of one step
  kernel::KvType kv_type = kernel::KvType::kF16;
  size_t cache_positions = 0;      // of all sequences together, in whole blocks; 0: room for all at their longest
  Clock clock = MonotonicSeconds;  // for Usage
};

template <>
const OptionType& OptionTypeOf<kernel::KvType>();

// In the order of the help text. Capsules hold what fingerprints hold: the rest changes no token.
inline constexpr OptionRow kEngineRows[] = {
    {"context", "-c,--context", Field<&EngineOptions::context>(), Between(1, 1 << 24), "",
     "positions of the context, prompt and answer together",
     OptionTraits().Takes("N").Otherwise("the model's own, at most 4096")},
    {"sequences", "", Field<&EngineOptions::sequences>(), Between(1, 4096), "", "that run at once; more wait",
     OptionTraits().Takes("N").OutsideFingerprint()},
    {"prefill_chunk", "--prefill-chunk", Field<&EngineOptions::prefill_chunk>(), Between(1, 65536), "",
     "most prompt tokens of one pass, which change only the speed", OptionTraits().Takes("N").OutsideFingerprint()},
    {"kv_type", "--kv-type", Field<&EngineOptions::kv_type>(), "f32|f16|bf16", "",
     "type of cached keys and values; f16 cuts those beyond 65504, and says so", OptionTraits().Takes("TYPE")},
    {"cache_positions", "", Field<&EngineOptions::cache_positions>(), AtLeast(16), "positions",
     "of the cache, all sequences together",
     OptionTraits().Takes("N").Otherwise("room for all at their longest").OutsideFingerprint()},
};

inline constexpr OptionTable<EngineOptions> kEngineTable("engine option", kEngineRows);

// What to tell of a run whose Usage has `clipped`.
Warning ClippedWarning();

}  // namespace sheepop
