// A recorded generation, repeated with this build and compared bit for bit.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "base/thread_pool.h"
#include "explain/capsule.h"
#include "generate/loaded_model.h"

namespace sheepop {

struct ReplayDifference {
  size_t sequence = 0, step = 0;
  Token recorded = 0, found = 0;
  std::string recorded_logits, found_logits;  // LogitsDigest
};

struct ReplayVerdict {
  bool same_model = true, same_tokenizer = true;
  std::string isa;
  size_t steps = 0;                            // compared and equal
  std::optional<ReplayDifference> difference;  // the earliest

  bool same() const { return same_model && same_tokenizer && !difference; }
};

// `loaded`: the model to repeat it with, opened for the capsule's context. `interrupted` is asked after each step; true
// ends the work with kInterrupted. Throws kLimit where the context holds fewer tokens than the capsule, and what Chain
// and Engine throw.
ReplayVerdict ReplayCapsule(const Capsule& capsule, const LoadedModel& loaded, ThreadPool& pool,
                            const std::function<bool()>& interrupted = {});

boost::json::object ReplayJson(const Capsule& capsule, const ReplayVerdict& verdict);

}  // namespace sheepop
