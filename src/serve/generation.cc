#include "serve/generation.h"

#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "explain/capsule.h"
#include "serve/api_error.h"
#include "serve/ledger.h"
#include "serve/logprobs.h"
#include "tokenize/text_stream.h"

namespace sheepop {
namespace {

class Run;

// The trace of the draw that the engine tells of next.
class LastTrace final : public TraceSink {
 public:
  explicit LastTrace(size_t top) : top_(top) {}
  size_t top() const override { return top_; }
  void OnTrace(Trace trace) override { trace_ = std::move(trace); }
  std::optional<Trace> Take() { return std::exchange(trace_, std::nullopt); }

 private:
  size_t top_;
  std::optional<Trace> trace_;
};

// One choice. On the service's thread, but for what Start does.
class ChoiceListener final : public Listener {
 public:
  ChoiceListener(Run& run, size_t choice, size_t prompt, LastTrace* trace);

  void OnPrompt(size_t done) override;
  void OnPromptRow(const PromptRow& row) override;
  Next OnToken(const Choice& choice, std::span<const float> logits) override;
  void OnFinish(const Finish& finish) override;

 private:
  struct Pending {  // a token whose bytes are not all in the text yet
    TokenRecord record;
    size_t end;
  };
  Piece Settle(std::string_view text, bool ends);
  void Take(std::vector<AnswerDelta> deltas, Piece& piece);
  void Emit(Piece piece);
  void DropWhatNeverShows();

  Run& run_;
  const size_t choice_, prompt_;
  LastTrace* trace_;
  TextStream stream_;
  std::optional<ChatFormat::Reader> reader_;
  size_t untold_ = 0;  // tokens since the reader's last delta
  size_t bytes_ = 0;   // of all tokens so far
  std::deque<Pending> pending_;
  ChoiceResult result_;
};

class Run final : public GenerationRun, public std::enable_shared_from_this<Run> {
 public:
  Run(Service& service, Ask ask, std::shared_ptr<GenerationReceiver> receiver, const HearingThread& thread)
      : ask_(std::move(ask)), service_(service), receiver_(std::move(receiver)), thread_(thread) {}

  void Start();
  void Cancel() override;
  const Ask& ask() const override { return ask_; }

  const LoadedModel& loaded() const { return ask_.model->loaded; }
  // Tokens of the prompt, with Ask::score_prompt; the first of its choices hears their scores, for all of them.
  std::vector<TokenRecord>& scored(size_t prompt) { return prompts_[prompt].scored; }
  void Tell(std::function<void(GenerationReceiver&)> what) {
    thread_.post([receiver = receiver_, what = std::move(what)] { what(*receiver); });
  }
  void Progress(size_t prompt, size_t done);
  void Finished(size_t choice, ChoiceResult result);

 private:
  struct PromptRun {
    Request request;
    std::unique_ptr<LastTrace> trace;
    std::vector<Listener*> listeners;
    std::vector<TokenRecord> scored;
    size_t done = 0;        // tokens
    size_t unfinished = 0;  // choices; under the mutex
  };

  void CheckPrompts() const;
  std::vector<TokenRecord> Unscored(const AskedPrompt& prompt) const;
  void Prepare();
  void SubmitRest();
  void SubmitNext();
  void EndUnsubmitted(size_t prompt, FinishReason reason, const std::string& error);
  void Done();

  const Ask ask_;
  Service& service_;
  const std::shared_ptr<GenerationReceiver> receiver_;
  const HearingThread& thread_;
  std::vector<PromptRun> prompts_;
  std::vector<std::unique_ptr<ChoiceListener>> listeners_;
  std::vector<std::unique_ptr<CapsuleRecorder>> recorders_;

  bool waits_ = false;     // SubmitRest will come again by itself
  bool given_up_ = false;  // those that are not submitted never will be

  std::mutex mutex_;                  // of what follows
  std::vector<RequestId> submitted_;  // of the first prompts
  bool cancelled_ = false;
  std::vector<ChoiceCost> costs_;  // by choice
  size_t unfinished_ = 0;
  size_t ended_ = 0;           // prompts, of those that were submitted
  std::shared_ptr<Run> self_;  // until the last choice has finished
};

TextStreamOptions StreamOptions(const Ask& ask) {
  TextStreamOptions options{.stops = ask.options.stops, .show_stop = ask.show_stop};
  if (ask.reading) options.shows = [&format = *ask.model->format](Token token) { return format.IsMark(token); };
  return options;
}

ChoiceListener::ChoiceListener(Run& run, size_t choice, size_t prompt, LastTrace* trace)
    : run_(run),
      choice_(choice),
      prompt_(prompt),
      trace_(trace),
      stream_(*run.loaded().tokenizer, StreamOptions(run.ask())) {
  const Ask& ask = run.ask();
  if (!ask.reading) return;
  reader_.emplace(*ask.model->format, ask.reading->tools, ask.reading->reads_tools, ask.reading->in_thoughts);
}

void ChoiceListener::OnPrompt(size_t done) { run_.Progress(prompt_, done); }

void ChoiceListener::OnPromptRow(const PromptRow& row) {
  std::vector<TokenRecord>& scored = run_.scored(prompt_);
  if (row.position + 1 >= scored.size()) return;
  Score(*run_.loaded().model, row.logits, *run_.ask().logprobs, scored[row.position + 1]);
}

Next ChoiceListener::OnToken(const Choice& choice, std::span<const float> logits) {
  const Ask& ask = run_.ask();
  const Tokenizer& tokenizer = *run_.loaded().tokenizer;
  result_.ids.push_back(choice.token);
  TokenRecord record;
  record.id = choice.token;
  record.text_offset = bytes_;
  if (ask.logprobs) Score(*run_.loaded().model, logits, *ask.logprobs, record);
  if (trace_) record.trace = trace_->Take();
  const bool shows = ask.options.ignore_end || !tokenizer.special().Ends(choice.token);
  std::string_view text;
  if (shows) {
    const bool may_stop = result_.ids.size() >= static_cast<size_t>(ask.options.sampling.min_tokens);
    text = stream_.Push(choice.token, may_stop);
    if (stream_.Shows(choice.token)) record.bytes = tokenizer.Piece(choice.token);
  }
  bytes_ += record.bytes.size();
  pending_.push_back({std::move(record), bytes_});
  ++untold_;
  Emit(Settle(text, false));
  return stream_.stopped() ? Next::kStop : Next::kContinue;
}

void ChoiceListener::OnFinish(const Finish& finish) {
  const std::string_view text = stream_.Finish();
  if (stream_.stopped()) DropWhatNeverShows();
  Emit(Settle(text, true));
  DropBroken(result_.parts);
  result_.prompt = run_.scored(prompt_);
  result_.reason = finish.reason;
  result_.usage = finish.usage;
  result_.error = finish.error;
  if (stream_.stopped()) result_.stop = run_.ask().options.stops[static_cast<size_t>(stream_.stopped_by())];
  run_.Finished(choice_, std::move(result_));
}

// The text, what the reader makes of it, and the tokens that neither of the two holds back a byte of.
Piece ChoiceListener::Settle(std::string_view text, bool ends) {
  Piece piece{choice_, std::string(text), {}};
  size_t told = stream_.shown_bytes();
  if (reader_) {
    Take(reader_->Add(text), piece);
    if (ends) Take(reader_->End(), piece);
    if (!ends) told -= std::min(told, reader_->held());
  }
  while (!pending_.empty() && pending_.front().end <= told) {
    piece.tokens.push_back(std::move(pending_.front().record));
    pending_.pop_front();
  }
  return piece;
}

// A stop string took back some of the last tokens: what is left of the one that it begins in stays.
void ChoiceListener::DropWhatNeverShows() {
  const size_t shown = stream_.shown_bytes();
  while (!pending_.empty() && pending_.back().record.text_offset >= shown && pending_.back().end > shown) {
    pending_.pop_back();
  }
  for (Pending& pending : pending_) {
    if (pending.end <= shown) continue;
    pending.record.bytes.resize(shown - pending.record.text_offset);
    pending.end = shown;
  }
}

void ChoiceListener::Take(std::vector<AnswerDelta> deltas, Piece& piece) {
  for (AnswerDelta& delta : deltas) {
    if (delta.kind == AnswerDelta::kThinking) result_.thinking += untold_;
    untold_ = 0;
    piece.deltas.push_back(std::move(delta));
  }
}

void ChoiceListener::Emit(Piece piece) {
  if (piece.text.empty() && piece.tokens.empty() && piece.deltas.empty()) return;
  result_.text += piece.text;
  result_.tokens.insert(result_.tokens.end(), piece.tokens.begin(), piece.tokens.end());
  AddTo(result_.parts, piece.deltas, result_.tokens.size());
  if (!run_.ask().stream || (reader_ && piece.tokens.empty() && piece.deltas.empty())) return;
  run_.Tell([piece = std::move(piece)](GenerationReceiver& receiver) mutable { receiver.OnPiece(std::move(piece)); });
}

void Run::CheckPrompts() const {
  const ServedModel& model = *ask_.model;
  for (const AskedPrompt& prompt : ask_.prompts) {
    if (prompt.ids.size() < model.context) continue;
    throw ApiError(
        {.code = "context_length_exceeded",
         .param = std::string(ask_.prompt_field),
         .message = fmt::format("the prompt has {} tokens, the context of {} holds {} with the answer; shorten "
                                "it, or serve the model with a larger --context",
                                prompt.ids.size(), model.name, model.context),
         .prompt_tokens = prompt.ids.size(),
         .context = model.context});
  }
  if (ask_.record && ask_.prompts.size() > 1) {
    RefuseField("record", "record is true, a capsule holds one prompt; send the prompts one by one");
  }
  if (ask_.n > model.engine.sequences) {
    RefuseField("n", fmt::format("n is {}, the server writes {} texts at once; ask for fewer, or serve with a larger "
                                 "--sequences",
                                 ask_.n, model.engine.sequences));
  }
}

std::vector<TokenRecord> Run::Unscored(const AskedPrompt& prompt) const {
  std::vector<TokenRecord> records;
  size_t bytes = 0;
  for (const Token id : prompt.ids) {
    TokenRecord& record = records.emplace_back();
    record.id = id;
    record.bytes = loaded().tokenizer->Piece(id);
    record.text_offset = bytes;
    bytes += record.bytes.size();
  }
  return records;
}

void Run::Prepare() {
  const size_t choices = ask_.prompts.size() * ask_.n;
  prompts_.resize(ask_.prompts.size());
  costs_.resize(choices);
  unfinished_ = choices;
  std::optional<uint64_t> seed;
  for (size_t p = 0; p < prompts_.size(); ++p) {
    PromptRun& prompt = prompts_[p];
    prompt.request = MakeRequest(loaded(), ask_.options, ask_.prompts[p].ids);
    prompt.unfinished = ask_.n;
    if (seed) prompt.request.seed = *seed;
    seed = prompt.request.seed;
    prompt.request.prompt_rows = ask_.score_prompt && ask_.logprobs;
    if (ask_.score_prompt) prompt.scored = Unscored(ask_.prompts[p]);
    if (ask_.explain) prompt.trace = std::make_unique<LastTrace>(ask_.explain_top);
    prompt.request.trace = prompt.trace.get();
    for (size_t i = 0; i < ask_.n; ++i) {
      const size_t choice = listeners_.size();
      listeners_.push_back(std::make_unique<ChoiceListener>(*this, choice, p, prompt.trace.get()));
      prompt.listeners.push_back(listeners_.back().get());
      if (!ask_.record) continue;
      recorders_.push_back(std::make_unique<CapsuleRecorder>(*listeners_.back()));
      prompt.listeners.back() = recorders_.back().get();
    }
  }
}

void Run::Start() {
  CheckPrompts();
  Prepare();
  self_ = shared_from_this();
  try {
    SubmitNext();
  } catch (...) {
    self_.reset();
    throw;
  }
  if (prompts_.size() > 1) thread_.post([run = self_] { run->SubmitRest(); });
}

void Run::SubmitNext() {
  size_t next;
  {
    const std::lock_guard lock(mutex_);
    next = submitted_.size();
  }
  const RequestId id = service_.Submit(ask_.model->id, prompts_[next].request, prompts_[next].listeners);
  const std::lock_guard lock(mutex_);
  submitted_.push_back(id);
  if (cancelled_) service_.Cancel(id);
}

// On the hearing thread, and again whenever a prompt has ended. As many at once as the model runs, so that the queue
// stays open to others.
void Run::SubmitRest() {
  if (given_up_ || waits_) return;
  const size_t most = std::max<size_t>(ask_.model->engine.sequences / ask_.n, 1);
  for (;;) {
    size_t next;
    bool cancelled;
    {
      const std::lock_guard lock(mutex_);
      next = submitted_.size();
      cancelled = cancelled_;
      if (!cancelled && next - ended_ >= most) return;
    }
    if (next == prompts_.size()) return;
    try {
      if (cancelled) return EndUnsubmitted(next, FinishReason::kInterrupt, "");
      SubmitNext();
    } catch (const Error& error) {
      const ErrorCategory category = error.category();
      if (category == ErrorCategory::kInterrupted) return EndUnsubmitted(next, FinishReason::kInterrupt, "");
      if (category != ErrorCategory::kBusy) return EndUnsubmitted(next, FinishReason::kError, error.what());
      waits_ = true;
      return thread_.after(kQueueRetryS, [run = shared_from_this()] {
        run->waits_ = false;
        run->SubmitRest();
      });
    }
  }
}

// The prompts from `prompt` on never ran: nobody else calls their listeners.
void Run::EndUnsubmitted(size_t prompt, FinishReason reason, const std::string& error) {
  given_up_ = true;
  const std::exception_ptr thrown =
      error.empty() ? nullptr : std::make_exception_ptr(Error(ErrorCategory::kInternal, error));
  for (size_t p = prompt; p < prompts_.size(); ++p) {
    for (Listener* listener : prompts_[p].listeners) listener->OnFinish({reason, thrown, {}});
  }
}

void Run::Cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  for (const RequestId id : submitted_) service_.Cancel(id);
}

void Run::Progress(size_t prompt, size_t done) {
  prompts_[prompt].done = done;
  size_t computed = 0, all = 0;
  for (size_t p = 0; p < prompts_.size(); ++p) {
    computed += prompts_[p].done;
    all += prompts_[p].request.prompt.size();
  }
  Tell([computed, all](GenerationReceiver& receiver) { receiver.OnProgress(computed, all); });
}

void Run::Finished(size_t choice, ChoiceResult result) {
  const ChoiceCost cost{result.reason, result.usage, result.thinking};
  Tell([choice, result = std::make_shared<ChoiceResult>(std::move(result))](GenerationReceiver& receiver) {
    receiver.OnFinish(choice, std::move(*result));
  });
  std::shared_ptr<Run> self;
  bool last, has_more;
  {
    const std::lock_guard lock(mutex_);
    costs_[choice] = cost;
    last = --unfinished_ == 0;
    const bool prompt_ended = --prompts_[choice / ask_.n].unfinished == 0;
    ended_ += prompt_ended;
    has_more = prompt_ended && !submitted_.empty() && submitted_.size() < prompts_.size();
    self = last ? std::move(self_) : self_;
  }
  if (last) {
    thread_.post([self] { self->Done(); });
  } else if (has_more) {
    thread_.post([self] { self->SubmitRest(); });
  }
}

// On the hearing thread, when nobody calls a listener any more.
void Run::Done() {
  std::vector<CapsuleSequence> recorded;
  for (const auto& recorder : recorders_) recorded.push_back(recorder->sequence());
  receiver_->OnDone(MakeLedger(ask_, prompts_[0].request.seed, costs_, recorded));
}

}  // namespace

std::shared_ptr<GenerationRun> GenerationRun::Start(Service& service, Ask ask,
                                                    std::shared_ptr<GenerationReceiver> receiver,
                                                    const HearingThread& thread) {
  auto run = std::make_shared<Run>(service, std::move(ask), std::move(receiver), thread);
  run->Start();
  return run;
}

}  // namespace sheepop
