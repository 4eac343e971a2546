#include "serve/embedding_run.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "evaluate/text_vector.h"

namespace sheepop {
namespace {

class EmbeddingRun;

// One input. On the service's thread.
class InputListener final : public Listener {
 public:
  InputListener(std::shared_ptr<EmbeddingRun> run, size_t input, TextVector vector)
      : run_(std::move(run)), input_(input), vector_(std::move(vector)) {}

  void OnPromptRow(const PromptRow& row) override { vector_.Add(row.position, row.hidden); }
  Next OnToken(const Choice&, std::span<const float>) override { return Next::kStop; }
  void OnFinish(const Finish& finish) override;

 private:
  std::shared_ptr<EmbeddingRun> run_;
  const size_t input_;
  TextVector vector_;
};

// On the network's thread, but for Start and the listeners, each of which holds the run until it has finished.
class EmbeddingRun final : public std::enable_shared_from_this<EmbeddingRun> {
 public:
  EmbeddingRun(SessionContext& context, std::shared_ptr<http::Exchange> exchange, EmbeddingsAsk ask)
      : context_(context), exchange_(std::move(exchange)), ask_(std::move(ask)), vectors_(ask_.inputs.size()) {}

  void Start();
  void Finished(size_t input, std::vector<float> vector, const Finish& finish);

 private:
  void CheckInputs() const;
  void SubmitNext();
  void SubmitMore();
  void OnBusy(const Error& error);
  void OnVector(size_t input, std::vector<float> vector, std::optional<ApiProblem> problem);
  void Answer();
  void Refuse(const ApiProblem& problem) { exchange_->Respond(ProblemResponse(problem, OpenAiError)); }

  SessionContext& context_;
  const std::shared_ptr<http::Exchange> exchange_;
  const EmbeddingsAsk ask_;
  std::vector<std::vector<float>> vectors_;
  std::vector<std::unique_ptr<InputListener>> listeners_;
  std::vector<RequestId> requests_;  // of the first inputs
  size_t finished_ = 0;
  bool over_ = false;  // answered, or nobody waits any more
};

void InputListener::OnFinish(const Finish& finish) { run_->Finished(input_, vector_.OfLengthOne(), finish); }

void EmbeddingRun::CheckInputs() const {
  for (size_t i = 0; i < ask_.inputs.size(); ++i) {
    const size_t tokens = ask_.inputs[i].ids.size();
    if (tokens < ask_.model->context) continue;
    throw ApiError({.code = "context_length_exceeded",
                    .param = fmt::format("input[{}]", i),
                    .message = fmt::format("the input has {} tokens, the context of {} holds {}; shorten it", tokens,
                                           ask_.model->name, ask_.model->context - 1),
                    .prompt_tokens = tokens,
                    .context = ask_.model->context});
  }
}

void EmbeddingRun::Start() {
  CheckInputs();
  context_.thread.post([self = shared_from_this()] {
    self->exchange_->OnClosed([weak = self->weak_from_this()] {
      const std::shared_ptr<EmbeddingRun> run = weak.lock();
      if (!run || std::exchange(run->over_, true)) return;
      for (const RequestId id : run->requests_) run->context_.service.Cancel(id);
    });
    self->SubmitMore();
  });
}

void EmbeddingRun::SubmitNext() {
  const size_t input = requests_.size();
  RequestOptions options;
  options.max_tokens = 0;
  Request request = MakeRequest(ask_.model->loaded, options, ask_.inputs[input].ids);
  request.prompt_rows = true;
  auto listener = std::make_unique<InputListener>(shared_from_this(), input,
                                                  TextVector(ask_.pooling, ask_.inputs[input].ids.size()));
  requests_.push_back(context_.service.Submit(ask_.model->id, std::move(request), {listener.get()}));
  listeners_.push_back(std::move(listener));
}

// As many at once as the model runs, so that the queue stays open to others.
void EmbeddingRun::SubmitMore() {
  try {
    while (!over_ && requests_.size() < ask_.inputs.size() &&
           requests_.size() - finished_ < ask_.model->engine.sequences) {
      SubmitNext();
    }
  } catch (const Error& error) {
    if (error.category() == ErrorCategory::kBusy) return OnBusy(error);
    over_ = true;
    Refuse(ProblemOf(std::current_exception()));
  }
}

// The first input has to find room; the others wait for it.
void EmbeddingRun::OnBusy(const Error& error) {
  if (requests_.empty()) {
    over_ = true;
    ApiProblem problem = ProblemOf(std::make_exception_ptr(error));
    problem.retry_after_s = context_.retry_after_s();
    Refuse(problem);
  } else if (requests_.size() == finished_) {
    context_.thread.after(kQueueRetryS, [self = shared_from_this()] { self->SubmitMore(); });
  }
}

void EmbeddingRun::Finished(size_t input, std::vector<float> vector, const Finish& finish) {
  std::optional<ApiProblem> problem;
  if (finish.error) problem = ProblemOf(finish.error);
  if (finish.reason == FinishReason::kInterrupt) problem = StoppingProblem();
  context_.thread.post([self = shared_from_this(), input, vector = std::move(vector), problem] {
    self->OnVector(input, vector, problem);
  });
}

void EmbeddingRun::OnVector(size_t input, std::vector<float> vector, std::optional<ApiProblem> problem) {
  ++finished_;
  listeners_[input].reset();
  if (over_) return;
  if (problem) {
    over_ = true;
    return Refuse(*problem);
  }
  vectors_[input] = std::move(vector);
  if (finished_ == ask_.inputs.size()) {
    over_ = true;
    Answer();
  } else {
    SubmitMore();
  }
}

void EmbeddingRun::Answer() {
  exchange_->Respond({.body = boost::json::serialize(EmbeddingsAnswer(ask_, ask_.model->name, vectors_))});
}

}  // namespace

void StartEmbeddings(SessionContext& context, std::shared_ptr<http::Exchange> exchange, EmbeddingsAsk ask) {
  const auto run = std::make_shared<EmbeddingRun>(context, std::move(exchange), std::move(ask));
  run->Start();
}

}  // namespace sheepop
