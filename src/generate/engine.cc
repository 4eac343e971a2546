#include "generate/engine.h"

#include <algorithm>
#include <cassert>

#include "base/error.h"

namespace sheepop {
namespace {

constexpr size_t kDefaultContext = 4096;

void CheckOptions(const EngineOptions& options) {
  if (options.sequences < 1 || options.sequences > 4096) {
    throw Error(ErrorCategory::kInvalidArgument, "sequences is {}, it must be between 1 and 4096", options.sequences);
  }
  if (options.prefill_chunk < 1 || options.prefill_chunk > 65536) {
    throw Error(ErrorCategory::kInvalidArgument, "prefill chunk is {}, it must be between 1 and 65536",
                options.prefill_chunk);
  }
}

const EngineOptions& Checked(const EngineOptions& options) {
  CheckOptions(options);
  return options;
}

}  // namespace

std::string_view Name(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop: return "stop";
    case FinishReason::kLength: return "length";
    case FinishReason::kContext: return "context";
    case FinishReason::kInterrupt: return "interrupt";
  }
  return "unknown";
}

size_t ContextInUse(const EngineOptions& options, size_t trained) {
  return options.context ? options.context : std::min(trained, kDefaultContext);
}

Engine::Engine(std::shared_ptr<const Model> model, const EngineOptions& options, ThreadPool& pool)
    : model_(std::move(model)),
      pool_(pool),
      context_(ContextInUse(Checked(options), model_->config().context)),
      sequences_(options.sequences),
      prefill_chunk_(std::min(options.prefill_chunk, context_)),
      // Sequences fill whole blocks of their own, so each needs room for its last, partly used one.
      cache_(KvShapeOf(model_->config(), options.kv_type),
             (context_ + kernel::kKvBlock - 1) / kernel::kKvBlock * kernel::kKvBlock * sequences_),
      work_(model_->config(), prefill_chunk_ + sequences_, sequences_, pool.threads(), context_) {}

RequestId Engine::Submit(Request request, std::span<Listener* const> listeners) {
  assert(!listeners.empty());
  if (request.prompt.empty()) {
    throw Error(ErrorCategory::kInvalidArgument, "the prompt has no tokens; give it at least one character");
  }
  // A model's table can be padded beyond the tokens there are; steps that look at the history know only those.
  const size_t vocab = std::min(model_->config().vocab, request.chain->vocabulary().size());
  for (Token token : request.prompt) {
    if (token < 0 || static_cast<size_t>(token) >= vocab) {
      throw Error(ErrorCategory::kInvalidArgument, "prompt token {} is outside the vocabulary of {}", token, vocab);
    }
  }
  if (request.prompt.size() >= context_) {
    throw Error(ErrorCategory::kLimit,
                "the prompt has {} tokens, the context holds {} with the answer; shorten it or use a larger --context",
                request.prompt.size(), context_);
  }
  if (listeners.size() > sequences_) {
    throw Error(ErrorCategory::kInvalidArgument, "{} sequences from one prompt, the engine runs {} at once",
                listeners.size(), sequences_);
  }
  const RequestId id{next_id_++};
  SequenceState state(request.seed, 0, request.prompt);
  auto shared = std::make_shared<const Shared>(Shared{id, std::move(request)});
  if (shared->request.max_tokens == 0) {
    for (Listener* listener : listeners) listener->OnFinish(FinishReason::kLength);
    return id;
  }
  waiting_.push_back({std::move(shared), listeners[0], std::move(state), {}, {listeners.begin() + 1, listeners.end()}});
  return id;
}

void Engine::Cancel(RequestId id) {
  const auto cancelled = [&](const Sequence& sequence) { return sequence.shared->id == id; };
  for (Sequence& sequence : waiting_) {
    if (!cancelled(sequence)) continue;
    for (Listener* sibling : sequence.siblings) sibling->OnFinish(FinishReason::kInterrupt);
    sequence.listener->OnFinish(FinishReason::kInterrupt);
  }
  waiting_.remove_if(cancelled);
  for (Sequence& sequence : active_) {
    if (!cancelled(sequence)) continue;
    for (Listener* sibling : sequence.siblings) sibling->OnFinish(FinishReason::kInterrupt);
    Finish(sequence, FinishReason::kInterrupt);
  }
  RemoveDone();
}

bool Engine::Step() {
  AdmitWaiting();
  rows_.clear();
  drawing_.clear();
  AddDecodeRows();
  AddPromptRows();
  if (rows_.empty()) return false;
  const LogitRows logits = model_->Forward(rows_, cache_, work_, pool_);
  for (size_t i = 0; i < drawing_.size(); ++i) {
    Fork(*drawing_[i], logits.logits(i), logits.group_maxima(i));
    Draw(*drawing_[i], logits.logits(i), logits.group_maxima(i));
  }
  RemoveDone();
  return true;
}

// A request starts when all its sequences find a place.
void Engine::AdmitWaiting() {
  size_t places = sequences_;
  for (const Sequence& sequence : active_) places -= 1 + sequence.siblings.size();
  while (!waiting_.empty() && 1 + waiting_.front().siblings.size() <= places) {
    Sequence& sequence = waiting_.front();
    places -= 1 + sequence.siblings.size();
    sequence.cache = cache_.Open();
    reused_tokens_ += cache_.Reuse(sequence.cache, sequence.state.tokens());
    active_.splice(active_.end(), waiting_, waiting_.begin());
  }
}

void Engine::AddDecodeRows() {
  for (Sequence& sequence : active_) {
    if (!sequence.writing) continue;
    rows_.push_back({sequence.cache, sequence.state.tokens().back(), true});
    drawing_.push_back(&sequence);
  }
}

void Engine::AddPromptRows() {
  size_t left = prefill_chunk_;
  for (Sequence& sequence : active_) {
    if (sequence.writing) continue;
    const std::span<const Token> prompt = sequence.state.tokens();
    const size_t begin = cache_.size(sequence.cache), end = std::min(prompt.size(), begin + left);
    for (size_t i = begin; i < end; ++i) rows_.push_back({sequence.cache, prompt[i], i + 1 == prompt.size()});
    left -= end - begin;
    if (end == prompt.size()) {
      sequence.writing = true;
      drawing_.push_back(&sequence);
    }
    if (left == 0) return;
  }
}

// Siblings share the blocks of the prompt that has just been run and draw their first token from the same logits.
void Engine::Fork(Sequence& sequence, std::span<const float> logits, std::span<const float> maxima) {
  std::vector<Listener*> siblings;
  siblings.swap(sequence.siblings);
  const Request& request = sequence.shared->request;
  for (size_t i = 0; i < siblings.size(); ++i) {
    SequenceState state(request.seed, static_cast<uint32_t>(i + 1), request.prompt);
    active_.push_back({sequence.shared, siblings[i], std::move(state), cache_.Fork(sequence.cache), {}, true});
    Draw(active_.back(), logits, maxima);
  }
}

void Engine::Draw(Sequence& sequence, std::span<const float> logits, std::span<const float> maxima) {
  const Request& request = sequence.shared->request;
  const size_t drawable = request.chain->vocabulary().size();
  const LogitRow row = drawable < logits.size() ? LogitRow{logits.first(drawable), {}} : LogitRow{logits, maxima};
  const Choice choice = request.chain->Sample(row, sequence.state, request.trace);
  const Next next = sequence.listener->OnToken(choice, logits);
  if (std::ranges::binary_search(request.end_tokens, choice.token) || next == Next::kStop) {
    Finish(sequence, FinishReason::kStop);
  } else if (sequence.state.output().size() >= request.max_tokens) {
    Finish(sequence, FinishReason::kLength);
  } else if (sequence.state.tokens().size() > context_) {
    Finish(sequence, FinishReason::kContext);
  }
}

void Engine::Finish(Sequence& sequence, FinishReason reason) {
  cache_.Close(sequence.cache);
  sequence.done = true;
  sequence.listener->OnFinish(reason);
}

void Engine::RemoveDone() {
  active_.remove_if([](const Sequence& sequence) { return sequence.done; });
}

}  // namespace sheepop
