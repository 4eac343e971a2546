#include "evaluate/score.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace sheepop {
namespace {

// Rows of one forward pass. Each wants its logits, which for a vocabulary of 262,144 are a megabyte.
constexpr size_t kRows = 64;

struct Window {
  size_t begin, end;    // tokens that are run
  size_t first_scored;  // the first of them whose probability counts
};

std::vector<Window> Windows(size_t tokens, size_t context, size_t stride) {
  std::vector<Window> windows;
  for (size_t scored = 1; scored < tokens;) {
    const size_t end = windows.empty() ? std::min(tokens, context) : std::min(tokens, scored + stride);
    windows.push_back({end > context ? end - context : 0, end, scored});
    scored = end;
  }
  return windows;
}

size_t RankOf(std::span<const float> logits, Token id) {
  const float own = logits[static_cast<size_t>(id)];
  size_t rank = 0;
  for (size_t v = 0; v < logits.size(); ++v)
    rank += logits[v] > own || (logits[v] == own && v < static_cast<size_t>(id));
  return rank;
}

}  // namespace

double ScoreResult::perplexity() const { return std::exp(nll / static_cast<double>(tokens.size())); }

ScoreResult Score(const Model& model, std::span<const Token> ids, const ScoreOptions& options, ThreadPool& pool,
                  const std::function<void(size_t)>& progress) {
  if (ids.size() < 2) {
    throw Error(ErrorCategory::kInvalidArgument, "the text has {} tokens, scoring needs at least 2", ids.size());
  }
  const size_t context = std::min(options.context ? options.context : model.config().context, ids.size());
  if (context < 2) {
    throw Error(ErrorCategory::kInvalidArgument, "context is {}, scoring needs at least 2", options.context);
  }
  const size_t stride = options.stride ? options.stride : std::max<size_t>(1, context / 2);
  if (stride >= context && ids.size() > context) {
    throw Error(ErrorCategory::kInvalidArgument, "stride is {}, it must be below the context of {}", stride, context);
  }
  KvCache cache(KvShapeOf(model.config(), options.kv_type), context);
  Workspace work(model.config(), std::min(kRows, context), std::min(kRows, context), pool.threads(), context);
  ScoreResult result;
  std::vector<Row> rows;
  for (const Window& window : Windows(ids.size(), context, stride)) {
    const SequenceId sequence = cache.Open();
    for (size_t at = window.begin; at + 1 < window.end;) {
      rows.clear();
      // The row of token t predicts token t + 1.
      for (; at + 1 < window.end && rows.size() < kRows; ++at)
        rows.push_back({sequence, ids[at], at + 1 >= window.first_scored});
      const LogitRows logits = model.Forward(rows, cache, work, pool);
      for (size_t i = 0; i < logits.size(); ++i) {
        const Token next = ids[at - logits.size() + i + 1];
        const std::span<const float> row = logits.logits(i);
        if (next < 0 || static_cast<size_t>(next) >= row.size()) {
          throw Error(ErrorCategory::kInvalidArgument, "token {} is outside the vocabulary of {}", next, row.size());
        }
        const double logprob = row[static_cast<size_t>(next)] - model.LogSumExp(row);
        result.tokens.push_back({next, logprob, RankOf(row, next)});
        result.nll -= logprob;
      }
      if (progress) progress(result.tokens.size());
    }
    cache.Close(sequence);
  }
  result.clipped = cache.clipped();
  return result;
}

}  // namespace sheepop
