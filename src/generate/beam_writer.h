// Beam search with a model: the search of sample/beam_search.h, each live beam a sequence of one cache.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "generate/engine.h"
#include "model/model.h"
#include "sample/beam_search.h"

namespace sheepop {

struct BeamRequest {
  std::vector<Token> prompt;  // not empty
  BeamOptions beams;
  size_t max_tokens = SIZE_MAX;       // of each text, the end token not counted
  std::function<bool()> go_on = {};   // asked before each step; false ends the search with what there is
  ConstraintOptions constraint = {};  // of the shape of the texts
  bool* clipped = nullptr;            // set to whether the cache's type could not hold some keys or values
};

// The best texts, at most beams.n_best, the best first. `options.sequences` is not used. Throws what BeamSearch and
// ConstraintCache::Get throw, and what Engine::Submit does for a prompt that does not fit.
std::vector<Hypothesis> WriteBeams(const Model& model, const SamplingVocabulary& vocabulary, const BeamRequest& request,
                                   const EngineOptions& options, ThreadPool& pool);

}  // namespace sheepop
