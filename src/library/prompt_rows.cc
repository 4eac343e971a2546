#include "library/prompt_rows.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "generate/request.h"
#include "library/wait.h"

namespace sheepop {
namespace {

// Some prompts that run at once.
class PromptBatch {
 public:
  explicit PromptBatch(const OnRow& on_row) : on_row_(on_row) {}

  void Submit(const SharedModel::Core& core, size_t number, const std::vector<Token>& prompt) {
    RequestOptions options;
    options.max_tokens = 0;
    Request request = MakeRequest(core.model->loaded, options, prompt);
    request.prompt_rows = true;
    PromptListener& listener = listeners_.emplace_back(*this, number);
    {
      const std::lock_guard lock(mutex_);
      ++running_;
    }
    try {
      requests_.push_back(core.service.Submit(core.model->id, std::move(request), {&listener}));
    } catch (...) {
      Finished({FinishReason::kError, std::current_exception(), {}});
    }
  }

  // Until all have ended. Throws the first error.
  void Wait(Service& service, const InterruptQuestion& interrupted) {
    std::unique_lock lock(mutex_, std::defer_lock);
    do {
      if (lock.owns_lock()) lock.unlock();
      if (interrupted && interrupted()) std::ranges::for_each(requests_, [&](RequestId id) { service.Cancel(id); });
      lock.lock();
    } while (!finished_.wait_for(lock, kQuestionEvery, [this] { return running_ == 0; }));
    if (error_) std::rethrow_exception(error_);
    if (interrupted_) throw Error(ErrorCategory::kInterrupted, "the run was interrupted");
  }

 private:
  class PromptListener final : public Listener {
   public:
    PromptListener(PromptBatch& batch, size_t number) : batch_(batch), number_(number) {}
    void OnPromptRow(const PromptRow& row) override { batch_.on_row_(number_, row); }
    Next OnToken(const Choice&, std::span<const float>) override { return Next::kStop; }
    void OnFinish(const Finish& finish) override { batch_.Finished(finish); }

   private:
    PromptBatch& batch_;
    const size_t number_;
  };

  void Finished(const Finish& finish) {
    const std::lock_guard lock(mutex_);
    if (finish.error && !error_) error_ = finish.error;
    interrupted_ = interrupted_ || (!finish.error && finish.reason == FinishReason::kInterrupt);
    --running_;
    finished_.notify_all();
  }

  const OnRow& on_row_;
  std::deque<PromptListener> listeners_;
  std::vector<RequestId> requests_;
  std::mutex mutex_;
  std::condition_variable finished_;
  size_t running_ = 0;
  std::exception_ptr error_;
  bool interrupted_ = false;
};

}  // namespace

void RunPrompts(const SharedModel::Core& core, std::span<const std::vector<Token>> prompts, const OnRow& on_row,
                const InterruptQuestion& interrupted) {
  const size_t most = core.model->engine.sequences;
  for (size_t begin = 0; begin < prompts.size(); begin += most) {
    PromptBatch batch(on_row);
    for (size_t i = begin; i < std::min(begin + most, prompts.size()); ++i) batch.Submit(core, i, prompts[i]);
    batch.Wait(core.service, interrupted);
  }
}

}  // namespace sheepop
