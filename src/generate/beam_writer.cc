#include "generate/beam_writer.h"

#include <algorithm>

#include "base/error.h"
#include "base/memory.h"

namespace sheepop {
namespace {

// Positions that the longest text can fill.
size_t Length(const BeamRequest& request, size_t context) {
  const size_t prompt = request.prompt.size();
  return request.max_tokens < context - prompt ? prompt + request.max_tokens : context;
}

void Check(const BeamRequest& request, size_t context, size_t vocab) {
  if (request.prompt.empty()) {
    throw Error(ErrorCategory::kInvalidArgument, "the prompt has no tokens; give it at least one character");
  }
  for (Token token : request.prompt) {
    if (token < 0 || static_cast<size_t>(token) >= vocab) {
      throw Error(ErrorCategory::kInvalidArgument, "prompt token {} is outside the vocabulary, whose ids are 0 to {}",
                  token, vocab - 1);
    }
  }
  if (request.prompt.size() >= context) {
    throw Error(ErrorCategory::kLimit,
                "the prompt has {} tokens, the context holds {} with the answer; shorten it or use a larger --context",
                request.prompt.size(), context);
  }
}

std::shared_ptr<const ReadConstraint> ConstraintOf(const BeamRequest& request, const SamplingVocabulary& vocabulary) {
  if (!request.constraint.given()) return nullptr;
  return vocabulary.constraints().Get(request.constraint, vocabulary);
}

// Each beam fills blocks of its own, and while beams fork the old and the new ones are there together.
size_t CachePositions(const Model& model, const BeamRequest& request, const EngineOptions& options, size_t context) {
  const size_t positions = (Length(request, context) + 2 * kernel::kKvBlock) * request.beams.width;
  RequireCacheMemory(KvShapeOf(model.config(), options.kv_type), positions,
                     "take fewer --beams, or a smaller --max-tokens or --context", AvailableMemory());
  return positions;
}

class BeamWriter {
 public:
  BeamWriter(const Model& model, const SamplingVocabulary& vocabulary, const BeamRequest& request,
             const EngineOptions& options, size_t context, ThreadPool& pool)
      : model_(model),
        pool_(pool),
        drawable_(vocabulary.size()),
        chunk_(std::min(options.prefill_chunk, context)),
        search_(request.beams, vocabulary, model.isa(), ConstraintOf(request, vocabulary)),
        cache_(KvShapeOf(model.config(), options.kv_type), CachePositions(model, request, options, context)),
        work_(model.config(), std::max(chunk_, request.beams.width), request.beams.width, pool.threads(), context) {}

  std::vector<Hypothesis> Write(const BeamRequest& request, size_t context) {
    LogitRows logits = RunPrompt(request.prompt);
    const size_t most = std::min(request.max_tokens, context - request.prompt.size() + 1);
    for (size_t length = 1; !request.go_on || request.go_on(); ++length) {
      const std::vector<sheepop::Fork> forks = search_.Advance(Rows(logits));
      if (forks.empty() || length == most) break;
      logits = RunBeams(forks);
    }
    if (request.clipped) *request.clipped = cache_.clipped();
    return search_.Best();
  }

 private:
  LogitRows RunPrompt(std::span<const Token> prompt) {
    beams_ = {cache_.Open()};
    const auto run = [&](size_t count) {
      rows_.clear();
      for (size_t i = 0; i < count; ++i) rows_.push_back({beams_[0], prompt[i], i + 1 == prompt.size()});
      prompt = prompt.subspan(count);
      return model_.Forward(rows_, cache_, work_, pool_);
    };
    while (prompt.size() > chunk_) run(chunk_);
    return run(prompt.size());
  }

  LogitRows RunBeams(std::span<const sheepop::Fork> forks) {
    std::vector<SequenceId> next;
    rows_.clear();
    for (const sheepop::Fork& fork : forks) {
      next.push_back(cache_.Fork(beams_[fork.parent]));
      rows_.push_back({next.back(), fork.token, true});
    }
    for (SequenceId old : beams_) cache_.Close(old);
    beams_ = std::move(next);
    return model_.Forward(rows_, cache_, work_, pool_);
  }

  std::vector<LogitRow> Rows(const LogitRows& logits) const {
    std::vector<LogitRow> rows;
    for (size_t i = 0; i < logits.size(); ++i) rows.push_back({logits.logits(i).first(drawable_), {}});
    return rows;
  }

  const Model& model_;
  ThreadPool& pool_;
  size_t drawable_;  // a model's table can be padded beyond the vocabulary
  size_t chunk_;
  BeamSearch search_;
  KvCache cache_;
  Workspace work_;
  std::vector<SequenceId> beams_;
  std::vector<Row> rows_;
};

}  // namespace

std::vector<Hypothesis> WriteBeams(const Model& model, const SamplingVocabulary& vocabulary, const BeamRequest& request,
                                   const EngineOptions& options, ThreadPool& pool) {
  const size_t context = ContextInUse(options, model.config().context);
  Check(request, context, model.config().vocab);
  if (request.max_tokens == 0) return {Hypothesis{}};
  return BeamWriter(model, vocabulary, request, options, context, pool).Write(request, context);
}

}  // namespace sheepop
