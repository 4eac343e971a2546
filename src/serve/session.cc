#include "serve/session.h"

#include <boost/json/serialize.hpp>
#include <ctime>
#include <random>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"

namespace sheepop {
namespace {

// Between two beats of a stream that wants to know of its prompt.
constexpr double kProgressS = 1;

ApiProblem TooSlow() {
  return {.status = 408,
          .type = "timeout_error",
          .code = "reader_too_slow",
          .message = "the stream's reader was too slow, so the stream ends here"};
}

class Session final : public GenerationReceiver, public std::enable_shared_from_this<Session> {
 public:
  Session(SessionContext& context, std::shared_ptr<http::Exchange> exchange, std::unique_ptr<Dialect> dialect,
          const Ask& ask, ProblemBody body)
      : context_(context),
        exchange_(std::move(exchange)),
        dialect_(std::move(dialect)),
        problem_body_(body),
        stream_(ask.stream),
        beat_s_(ask.progress ? kProgressS : context.beat_s),
        results_(ask.prompts.size() * ask.n),
        head_{RandomName(), std::time(nullptr), ask.model->name} {}

  void Start(Ask ask);

  void OnProgress(size_t computed, size_t prompt) override;
  void OnPiece(Piece piece) override;
  void OnFinish(size_t choice, ChoiceResult result) override;
  void OnDone(Ledger ledger) override;

 private:
  void Refuse(const ApiProblem& problem);
  void Watch(std::shared_ptr<GenerationRun> generation);
  void Begin();
  void Say(std::string events);
  void Fail(const ApiProblem& problem);
  void BeatIfQuiet();

  SessionContext& context_;
  const std::shared_ptr<http::Exchange> exchange_;
  const std::unique_ptr<Dialect> dialect_;
  const ProblemBody problem_body_;
  const bool stream_;
  const double beat_s_;
  std::vector<ChoiceResult> results_;
  const AnswerHead head_;
  std::shared_ptr<GenerationRun> generation_;
  bool begun_ = false, over_ = false, left_ = false;
  bool quiet_ = true;  // since the last beat
  size_t computed_ = 0, prompt_ = 0;
};

void Session::Start(Ask ask) {
  try {
    if (ask.record) ask.model->hash->sha256();
    std::shared_ptr<GenerationRun> generation =
        GenerationRun::Start(context_.service, std::move(ask), shared_from_this(), context_.thread);
    context_.thread.post([self = shared_from_this(), generation] { self->Watch(generation); });
  } catch (...) {
    ApiProblem problem = ProblemOf(std::current_exception());
    if (problem.status == 429) problem.retry_after_s = context_.retry_after_s();
    context_.thread.post([self = shared_from_this(), problem] { self->Refuse(problem); });
  }
}

void Session::Refuse(const ApiProblem& problem) { exchange_->Respond(ProblemResponse(problem, problem_body_)); }

void Session::Watch(std::shared_ptr<GenerationRun> generation) {
  if (over_) return generation->Cancel();
  generation_ = std::move(generation);
  exchange_->OnClosed([weak = weak_from_this()] {
    const std::shared_ptr<Session> self = weak.lock();
    if (!self || self->over_) return;
    self->left_ = true;
    self->context_.metrics.CountCancelled();
    self->generation_->Cancel();
  });
  if (stream_) BeatIfQuiet();
}

void Session::Begin() {
  if (std::exchange(begun_, true)) return;
  exchange_->Begin({.overflow = dialect_->Failure(TooSlow())});
  exchange_->Write(dialect_->Begin(head_));
}

void Session::Say(std::string events) {
  if (events.empty()) return;
  Begin();
  quiet_ = false;
  exchange_->Write(std::move(events));
}

void Session::BeatIfQuiet() {
  context_.thread.after(beat_s_, [weak = weak_from_this()] {
    const std::shared_ptr<Session> self = weak.lock();
    if (!self || self->over_) return;
    if (std::exchange(self->quiet_, true)) self->Say(self->dialect_->Beat(self->computed_, self->prompt_));
    self->quiet_ = true;
    self->BeatIfQuiet();
  });
}

void Session::OnProgress(size_t computed, size_t prompt) {
  computed_ = computed;
  prompt_ = prompt;
}

void Session::OnPiece(Piece piece) {
  if (over_ || left_ || !stream_) return;
  Begin();
  Say(dialect_->OnPiece(piece));
}

void Session::OnFinish(size_t choice, ChoiceResult result) {
  if (over_) return;
  if (result.reason == FinishReason::kError) {
    Fail(ProblemOf(result.error));
  } else if (result.reason == FinishReason::kInterrupt && !left_) {
    Fail(StoppingProblem());
  } else if (stream_ && !left_) {
    Begin();
    Say(dialect_->OnFinish(choice, result));
  }
  results_[choice] = std::move(result);
}

void Session::OnDone(Ledger ledger) {
  generation_.reset();
  context_.metrics.CountGeneration(ledger);
  if (std::exchange(over_, true) || left_) return;
  if (stream_) {
    exchange_->Write(dialect_->End(ledger));
    exchange_->End();
  } else {
    exchange_->Respond({.body = boost::json::serialize(dialect_->Whole(head_, results_, ledger))});
  }
}

// What other choices still write is of no use to anybody.
void Session::Fail(const ApiProblem& problem) {
  over_ = true;
  if (generation_) generation_->Cancel();
  if (begun_) {
    exchange_->Write(dialect_->Failure(problem));
    exchange_->End();
  } else {
    Refuse(problem);
  }
}

}  // namespace

http::HttpResponse ProblemResponse(ApiProblem problem, ProblemBody body) {
  problem.message = ToValidUtf8(problem.message);  // it may name what a client sent
  http::HttpResponse response{.status = problem.status, .body = boost::json::serialize(body(problem))};
  if (problem.retry_after_s) response.headers.push_back({"Retry-After", std::to_string(*problem.retry_after_s)});
  // A repeat cures what is busy; the official clients repeat everything from 500 on.
  const bool cured = problem.status == 429 || problem.status == 503;
  if (problem.status >= 500 && !cured) response.headers.push_back({"x-should-retry", "false"});
  return response;
}

void StartSession(SessionContext& context, std::shared_ptr<http::Exchange> exchange, Parsed parsed, ProblemBody body) {
  auto session = std::make_shared<Session>(context, std::move(exchange), std::move(parsed.dialect), parsed.ask, body);
  session->Start(std::move(parsed.ask));
}

std::string RandomName() {
  static constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
  thread_local std::random_device device;
  std::uniform_int_distribution<size_t> digit(0, kDigits.size() - 1);
  std::string name;
  for (int i = 0; i < 24; ++i) name += kDigits[digit(device)];
  return name;
}

}  // namespace sheepop
