// Log-probabilities of a given text under a model, and its perplexity.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "base/token.h"
#include "model/model.h"

namespace sheepop {

struct ScoreOptions {
  size_t context = 0;  // tokens of one window; 0: the model's own context, but no more than the text
  size_t stride =
      0;  // new tokens a window after the first; 0: half the context. Each has at least context - stride before it
  kernel::KvType kv_type = kernel::KvType::kF16;  // of the cache; f16 holds keys and values up to 65504 alone
};

struct ScoredToken {
  Token id;
  double logprob;  // natural logarithm
  size_t rank;     // 0: the most probable token
};

struct ScoreResult {
  std::vector<ScoredToken> tokens;  // all but the first, which has no context
  double nll = 0;                   // sum of -logprob, in nats
  bool clipped = false;             // the cache's type could not hold some keys or values

  double perplexity() const;  // exp(nll / tokens)
};

// `progress`, when set, is told how many tokens are done. Throws kInvalidArgument for fewer than two tokens or options out
// of range, naming the field and its bound.
ScoreResult Score(const Model& model, std::span<const Token> ids, const ScoreOptions& options, ThreadPool& pool,
                  const std::function<void(size_t)>& progress = {});

}  // namespace sheepop
