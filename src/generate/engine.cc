#include "generate/engine.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace sheepop {
namespace {

constexpr size_t kDefaultContext = 4096;
constexpr size_t kBlock = kernel::kKvBlock;

size_t Blocks(size_t positions) { return (positions + kBlock - 1) / kBlock; }

const EngineOptions& Checked(const EngineOptions& options, const ModelConfig& config) {
  kEngineTable.Validate(options);
  if (config.learned_positions && options.context > config.context) {
    throw Error(ErrorCategory::kInvalidArgument, "the context is {} positions, the model has {} learned ones",
                options.context, config.context);
  }
  return options;
}

// Sequences fill whole blocks of their own, so each needs room for its last, partly used one.
size_t CachePositions(const EngineOptions& options, const ModelConfig& config) {
  if (options.cache_positions) return options.cache_positions;
  return Blocks(ContextInUse(options, config.context)) * kBlock * options.sequences;
}

// Of the two calls at most, the second says what the first threw; what that throws has no other hearer.
void Tell(Listener& listener, const Finish& finish) {
  try {
    listener.OnFinish(finish);
  } catch (...) {
    try {
      listener.OnFinish({FinishReason::kError, std::current_exception(), finish.usage});
    } catch (...) {
    }
  }
}

}  // namespace

std::string_view Name(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop: return "stop";
    case FinishReason::kLength: return "length";
    case FinishReason::kContext: return "context";
    case FinishReason::kInterrupt: return "interrupt";
    case FinishReason::kError: return "error";
  }
  return "unknown";
}

size_t ContextInUse(const EngineOptions& options, size_t trained) {
  return options.context ? options.context : std::min(trained, kDefaultContext);
}

std::vector<size_t> SharePrefill(std::span<const size_t> left, size_t chunk) {
  std::vector<size_t> rows(left.size(), 0), order(left.size());
  if (left.size() == 1) return {std::min(left[0], chunk)};
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](size_t i) { return left[i]; });
  const size_t quarter = std::max<size_t>(chunk / 4, 1);
  size_t used = 0;
  for (size_t i : order) {
    if (used + left[i] > chunk - quarter) break;
    used += rows[i] = left[i];
  }
  const size_t oldest = static_cast<size_t>(std::ranges::find(rows, 0u) - rows.begin());
  if (oldest == rows.size()) return rows;
  size_t most = std::max(used, kLeastShare);
  if (used == 0) {
    rows[order[0]] = used = std::min(left[order[0]], chunk - quarter);
    most = chunk;
  }
  rows[oldest] += std::min({left[oldest] - rows[oldest], chunk - used, most});
  return rows;
}

Engine::Engine(std::shared_ptr<const Model> model, const EngineOptions& options, ThreadPool& pool)
    : model_(std::move(model)),
      pool_(pool),
      clock_(options.clock),
      sequences_(Checked(options, model_->config()).sequences),
      cache_(KvShapeOf(model_->config(), options.kv_type), CachePositions(options, model_->config())),
      context_(std::min(ContextInUse(options, model_->config().context), cache_.capacity())),
      prefill_chunk_(std::min(options.prefill_chunk, context_)),
      work_(model_->config(), prefill_chunk_ + sequences_, sequences_ + kPromptRows, pool.threads(), context_) {}

void Engine::Check(const Request& request, size_t sequences) const {
  if (request.prompt.empty()) {
    throw Error(ErrorCategory::kInvalidArgument, "the prompt has no tokens; give it at least one character");
  }
  // A model's table can be padded beyond the tokens there are; steps that look at the history know only those.
  const size_t vocab = std::min(model_->config().vocab, request.chain->vocabulary().size());
  for (Token token : request.prompt) {
    if (token < 0 || static_cast<size_t>(token) >= vocab) {
      throw Error(ErrorCategory::kInvalidArgument, "prompt token {} is outside the vocabulary, whose ids are 0 to {}",
                  token, vocab - 1);
    }
  }
  if (request.prompt.size() >= context_) {
    throw Error(ErrorCategory::kLimit,
                "the prompt has {} tokens, the context holds {} with the answer; shorten it or use a larger --context",
                request.prompt.size(), context_);
  }
  if (sequences < 1 || sequences > sequences_) {
    throw Error(ErrorCategory::kInvalidArgument, "{} sequences from one prompt, the engine runs {} at once", sequences,
                sequences_);
  }
}

RequestId Engine::Submit(Request request, std::span<Listener* const> listeners, std::optional<Arrival> arrival) {
  Check(request, listeners.size());
  const RequestId id = arrival ? arrival->id : RequestId{next_id_++};
  SequenceState state(request.seed, 0, request.prompt);
  auto shared = std::make_shared<const Shared>(Shared{id, std::move(request), arrival ? arrival->time : clock_()});
  Sequence& sequence = waiting_.emplace_back(
      Sequence{std::move(shared), listeners[0], {listeners.begin() + 1, listeners.end()}, std::move(state)});
  sequence.usage.prompt = sequence.state.prompt_length();
  const Request& asked = sequence.shared->request;
  if (asked.max_tokens == 0 && !asked.prompt_rows) End(sequence, FinishReason::kLength);
  return id;
}

void Engine::Cancel(RequestId id) {
  CancelIf([id](const Sequence& sequence) { return sequence.shared->id == id; });
}

void Engine::CancelAll() {
  CancelIf([](const Sequence&) { return true; });
}

// Nothing is removed here: a listener may be calling, from within a step or from the end of another sequence. What
// listeners submit meanwhile is not meant.
template <typename Predicate>
void Engine::CancelIf(const Predicate& meant) {
  std::vector<Sequence*> cancelled;
  for (std::list<Sequence>* list : {&active_, &waiting_}) {
    for (Sequence& sequence : *list) {
      if (meant(sequence)) cancelled.push_back(&sequence);
    }
  }
  for (Sequence* sequence : cancelled) {
    if (!sequence->done) End(*sequence, FinishReason::kInterrupt);
  }
}

bool Engine::Step() {
  RemoveDone();
  AdmitWaiting();
  PlanRows();
  while (cache_.BlocksNeeded(counts_) > cache_.available_blocks()) {
    PreemptNewest();
    PlanRows();
  }
  if (rows_.empty()) return false;
  const LogitRows logits = model_->Forward(rows_, cache_, work_, pool_);
  CountRows();
  TellOfPrompts();
  for (size_t i = 0; i < wanted_.size(); ++i) {
    const Wanted& row = wanted_[i];
    HandOutPromptRow(row, {row.position, logits.logits(i), logits.hidden(i)});
    if (!row.draws) continue;
    const std::vector<Sequence*> siblings = Fork(*row.sequence);
    Draw(*row.sequence, logits.logits(i), logits.group_maxima(i));
    for (Sequence* sibling : siblings) Draw(*sibling, logits.logits(i), logits.group_maxima(i));
  }
  RemoveDone();
  return true;
}

void Engine::AdmitWaiting() {
  size_t places = sequences_, ahead = 0;
  for (const Sequence& sequence : active_) {
    places -= 1 + sequence.siblings.size();
    ahead += BlocksAhead(sequence);
  }
  while (!waiting_.empty() && 1 + waiting_.front().siblings.size() <= places) {
    Sequence& sequence = waiting_.front();
    sequence.cache = cache_.Open();
    const bool computes_all = sequence.shared->request.prompt_rows && sequence.handed < sequence.usage.prompt;
    const size_t found = computes_all ? 0 : cache_.Reuse(*sequence.cache, sequence.state.tokens());
    ahead += BlocksAhead(sequence);
    if (ahead > cache_.available_blocks() && !active_.empty()) {
      cache_.Close(*sequence.cache);
      sequence.cache.reset();
      return;
    }
    places -= 1 + sequence.siblings.size();
    if (!sequence.started) sequence.usage.queue_s = clock_() - sequence.shared->submitted;
    sequence.started = true;
    if (found > sequence.reached) {  // while it was preempted, another may have computed what it has not reached
      const size_t prompt = sequence.usage.prompt;
      sequence.usage.reused += std::min(found, prompt) - std::min(sequence.reached, prompt);
      sequence.reached = found;
    }
    active_.splice(active_.end(), waiting_, waiting_.begin());
  }
}

// Blocks that an active sequence, with its siblings, is about to take: for its next row when it is writing, and before
// that for its prompt and one more block of each.
size_t Engine::BlocksAhead(const Sequence& sequence) const {
  const size_t tokens = sequence.state.tokens().size(), in_cache = cache_.size(*sequence.cache);
  if (tokens - in_cache == 1 && sequence.siblings.empty()) {
    const KvCache::Count next{*sequence.cache, 1 + (RunsAhead(sequence) ? sequence.forced.size() : 0)};
    return cache_.BlocksNeeded({&next, 1});
  }
  const size_t prompt = sequence.state.prompt_length(), max_tokens = sequence.shared->request.max_tokens;
  const size_t longest = prompt + std::min(max_tokens - 1, context_ - prompt);
  const size_t common = tokens / kBlock, own = Blocks(std::min(tokens + kBlock, longest)) - common;
  return common + own * (1 + sequence.siblings.size()) - cache_.block_table(*sequence.cache).size();
}

// A row for each sequence that has one token to run, with what is forced behind it, of all together half a chunk at most;
// and of the others as much as SharePrefill gives them.
void Engine::PlanRows() {
  rows_.clear();
  counts_.clear();
  running_.clear();
  wanted_.clear();
  prompt_rows_left_ = kPromptRows;
  std::vector<Sequence*> prompts;
  std::vector<size_t> left;
  size_t forced_left = prefill_chunk_ / 2, prompt_chunk = prefill_chunk_;
  for (Sequence& sequence : active_) {
    const size_t to_run = sequence.state.tokens().size() - cache_.size(*sequence.cache);
    if (to_run == 1) {
      const size_t forced = std::min(RunsAhead(sequence) ? sequence.forced.size() : 0, forced_left);
      forced_left -= forced;
      prompt_chunk -= forced;
      AddRows(sequence, 1 + forced);
    } else {
      prompts.push_back(&sequence);
      left.push_back(to_run);
    }
  }
  if (prompts.empty()) return;
  const std::vector<size_t> shares = SharePrefill(left, prompt_chunk);
  for (size_t i = 0; i < prompts.size(); ++i) AddRows(*prompts[i], shares[i]);
}

void Engine::AddRows(Sequence& sequence, size_t count) {
  const std::span<const Token> tokens = sequence.state.tokens();
  const size_t begin = cache_.size(*sequence.cache), rows_before = rows_.size();
  const size_t told = sequence.shared->request.prompt_rows ? sequence.usage.prompt : 0;
  bool has_row = true;  // of the one that is any sequence's
  for (size_t i = begin; i < begin + count; ++i) {
    const bool draws = i + 1 >= tokens.size(), hands_out = i >= sequence.handed && i < told;
    if (draws || hands_out) {
      if (!has_row && prompt_rows_left_ == 0) break;
      prompt_rows_left_ -= !has_row;
      has_row = false;
    }
    const Token token = i < tokens.size() ? tokens[i] : sequence.forced[i - tokens.size()];
    rows_.push_back({*sequence.cache, token, draws || hands_out});
    if (draws || hands_out) wanted_.push_back({&sequence, i, draws});
  }
  if (rows_.size() == rows_before) return;
  counts_.push_back({*sequence.cache, rows_.size() - rows_before});
  running_.push_back(&sequence);
}

void Engine::PreemptNewest() {
  assert(active_.size() > 1 && "one sequence alone fits: the context is no larger than the cache");
  Sequence& newest = active_.back();
  cache_.Close(*newest.cache);
  newest.cache.reset();
  ++newest.usage.preempted;
  waiting_.splice(waiting_.begin(), active_, std::prev(active_.end()));
}

void Engine::CountRows() {
  for (size_t i = 0; i < counts_.size(); ++i) {
    Sequence& sequence = *running_[i];
    const size_t end = cache_.size(counts_[i].sequence), begin = end - counts_[i].positions;
    const size_t fresh = std::max(begin, sequence.reached), prompt = sequence.usage.prompt;
    sequence.usage.recomputed += std::min(fresh, end) - begin;
    if (fresh < end) sequence.usage.computed += std::min(end, prompt) - std::min(fresh, prompt);
    sequence.reached = std::max(end, sequence.reached);
  }
}

template <typename Call>
void Engine::Guarded(Sequence& sequence, const Call& call) {
  if (sequence.done) return;
  try {
    call();
  } catch (...) {
    if (!sequence.done) End(sequence, FinishReason::kError, std::current_exception());
  }
}

void Engine::TellOfPrompts() {
  for (size_t i = 0; i < counts_.size(); ++i) {
    Sequence& sequence = *running_[i];
    const size_t end = cache_.size(counts_[i].sequence), prompt = sequence.usage.prompt;
    if (end - counts_[i].positions >= prompt) continue;
    Guarded(sequence, [&] { sequence.listener->OnPrompt(std::min(end, prompt)); });
  }
}

void Engine::HandOutPromptRow(const Wanted& wanted, const PromptRow& row) {
  Sequence& sequence = *wanted.sequence;
  const Request& request = sequence.shared->request;
  if (!request.prompt_rows || row.position < sequence.handed || row.position >= sequence.usage.prompt) return;
  sequence.handed = row.position + 1;
  Guarded(sequence, [&] { sequence.listener->OnPromptRow(row); });
  if (!sequence.done && request.max_tokens == 0 && wanted.draws) End(sequence, FinishReason::kLength);
}

// Siblings share the blocks of the prompt that has just been run and draw their first token from the same logits. They
// stand right behind the first, where their age belongs.
std::vector<Engine::Sequence*> Engine::Fork(Sequence& sequence) {
  std::vector<Sequence*> forks;
  if (sequence.done || sequence.siblings.empty()) return forks;
  std::vector<Listener*> siblings;
  siblings.swap(sequence.siblings);
  const Request& request = sequence.shared->request;
  auto place = std::ranges::find_if(active_, [&](const Sequence& other) { return &other == &sequence; });
  for (Listener* listener : siblings) {
    SequenceState state(request.seed, static_cast<uint32_t>(forks.size() + 1), request.prompt);
    Sequence fork{sequence.shared, listener, {}, std::move(state), cache_.Fork(*sequence.cache)};
    fork.usage = {.prompt = request.prompt.size(), .reused = request.prompt.size(), .queue_s = sequence.usage.queue_s};
    fork.reached = sequence.reached;
    fork.handed = request.prompt.size();
    fork.started = true;
    place = active_.insert(std::next(place), std::move(fork));
    forks.push_back(&*place);
  }
  return forks;
}

void Engine::Draw(Sequence& sequence, std::span<const float> logits, std::span<const float> maxima) {
  const Request& request = sequence.shared->request;
  const size_t drawable = request.chain->vocabulary().size();
  const LogitRow row = drawable < logits.size() ? LogitRow{logits.first(drawable), {}} : LogitRow{logits, maxima};
  Guarded(sequence, [&] {
    if (sequence.usage.written == 0) LookAhead(sequence);
    Choice choice;
    if (sequence.forced.empty()) {
      choice = request.chain->Sample(row, sequence.state, request.trace);
    } else {
      choice = request.chain->Force(sequence.forced.front(), row, sequence.state, request.trace);
      sequence.forced.pop_front();
      ++sequence.usage.forced;
    }
    if (++sequence.usage.written == 1) sequence.usage.first_token_s = clock_() - sequence.shared->submitted;
    const Next next = sequence.listener->OnToken(choice, logits);
    if (sequence.done) return;
    if (std::ranges::binary_search(request.end_tokens, choice.token) || next == Next::kStop) {
      End(sequence, FinishReason::kStop);
    } else if (sequence.state.output().size() >= request.max_tokens) {
      End(sequence, FinishReason::kLength);
    } else if (sequence.state.tokens().size() > context_) {
      End(sequence, FinishReason::kContext);
    } else if (sequence.forced.empty()) {
      LookAhead(sequence);
    }
  });
}

bool Engine::RunsAhead(const Sequence& sequence) const {
  return sequence.shared->request.chain->options().constraint.forced_runs == ForcedRuns::kRun;
}

// Asks what is forced behind the last token, as far as the text may become.
void Engine::LookAhead(Sequence& sequence) const {
  const Request& request = sequence.shared->request;
  const std::vector<Token> forced = request.chain->Forced(sequence.state);
  const size_t most = request.max_tokens - sequence.state.output().size();
  const size_t room = context_ - sequence.state.tokens().size();
  sequence.forced.assign(forced.begin(),
                         forced.begin() + static_cast<std::ptrdiff_t>(std::min({forced.size(), most, room})));
}

// Leaves the sequence in its list: see Cancel.
void Engine::End(Sequence& sequence, FinishReason reason, std::exception_ptr error) {
  sequence.done = true;
  if (sequence.cache) cache_.Close(*sequence.cache);
  sequence.cache.reset();
  sequence.usage.total_s = clock_() - sequence.shared->submitted;
  sequence.usage.clipped = cache_.clipped();
  if (!sequence.started) sequence.usage.queue_s = sequence.usage.total_s;
  std::vector<Listener*> listeners = {sequence.listener};
  listeners.insert(listeners.end(), sequence.siblings.begin(), sequence.siblings.end());
  sequence.siblings.clear();
  const Finish finish{reason, std::move(error), sequence.usage};
  for (Listener* listener : listeners) Tell(*listener, finish);
}

void Engine::RemoveDone() {
  const auto done = [](const Sequence& sequence) { return sequence.done; };
  for (std::list<Sequence>* list : {&waiting_, &active_}) list->remove_if(done);
}

size_t Engine::active() const { return static_cast<size_t>(std::ranges::count(active_, false, &Sequence::done)); }

size_t Engine::waiting() const {
  return static_cast<size_t>(std::ranges::count_if(waiting_, [](const Sequence& s) { return !s.started && !s.done; }));
}

size_t Engine::places() const {
  size_t taken = 0;
  for (const std::list<Sequence>* list : {&waiting_, &active_}) {
    for (const Sequence& sequence : *list) {
      if (sequence.started && !sequence.done) taken += 1 + sequence.siblings.size();
    }
  }
  return sequences_ - std::min(taken, sequences_);
}

}  // namespace sheepop
