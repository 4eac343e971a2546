#include "serve/http/pending_answer.h"

#include <cassert>
#include <utility>

namespace sheepop::http {
namespace {

class ExchangeEnd final : public Exchange {
 public:
  explicit ExchangeEnd(std::shared_ptr<PendingAnswer> answer) : answer_(std::move(answer)) {}
  ~ExchangeEnd() override { answer_->Abandon(); }
  ExchangeEnd(const ExchangeEnd&) = delete;
  ExchangeEnd& operator=(const ExchangeEnd&) = delete;

  const HttpRequest& request() const override { return answer_->request(); }
  void Respond(HttpResponse response) override { answer_->Respond(std::move(response)); }
  void Begin(StreamHead head) override { answer_->Begin(std::move(head)); }
  void Write(std::string piece) override { answer_->Write(std::move(piece)); }
  void End() override { answer_->End(); }
  void OnClosed(std::function<void()> closed) override { answer_->OnClosed(std::move(closed)); }

 private:
  const std::shared_ptr<PendingAnswer> answer_;
};

}  // namespace

std::shared_ptr<Exchange> MakeExchange(std::shared_ptr<PendingAnswer> answer) {
  return std::make_shared<ExchangeEnd>(std::move(answer));
}

PendingAnswer::PendingAnswer(HttpRequest request, KeptBytes body, size_t buffer, std::shared_ptr<Loop> loop,
                             std::function<void()> arrived)
    : request_(std::move(request)),
      body_(std::move(body)),
      buffer_(buffer),
      loop_(std::move(loop)),
      arrived_(std::move(arrived)) {}

// In each: what is let go of goes after the lock, for it may hold other exchanges.

void PendingAnswer::Respond(HttpResponse response) {
  std::function<void()> unwanted;
  const std::lock_guard lock(mutex_);
  assert(!begun_ || IsOver());
  if (begun_ || IsOver()) return;
  begun_ = ended_ = true;
  unwanted.swap(on_closed_);
  response_ = std::move(response);
  Wake();
}

void PendingAnswer::Begin(StreamHead head) {
  const std::lock_guard lock(mutex_);
  assert(!begun_ || IsOver());
  if (begun_ || IsOver()) return;
  begun_ = true;
  overflow_piece_ = std::move(head.overflow);
  head_ = std::move(head);
  Wake();
}

void PendingAnswer::Write(std::string piece) {
  const std::lock_guard lock(mutex_);
  assert(begun_ || IsOver());
  if (!begun_ || IsOver()) return;
  if (unsent_ >= buffer_) {
    overflow_ = true;
    pieces_ += overflow_piece_;
    waking_ = false;  // it may wait for its reader; who writes must know now
  } else {
    unsent_ += piece.size();
    pieces_.empty() ? pieces_.swap(piece) : void(pieces_ += piece);
  }
  Wake();
}

void PendingAnswer::End() {
  std::function<void()> unwanted;
  const std::lock_guard lock(mutex_);
  assert(begun_ || IsOver());
  if (!begun_ || IsOver()) return;
  ended_ = true;
  unwanted.swap(on_closed_);
  Wake();
}

void PendingAnswer::OnClosed(std::function<void()> closed) {
  std::function<void()> before;
  const std::lock_guard lock(mutex_);
  if (ended_) {
    before = std::move(closed);
  } else if (closed_ || overflow_) {
    loop_->Post(std::move(closed));
  } else {
    before = std::exchange(on_closed_, std::move(closed));
  }
}

void PendingAnswer::Abandon() {
  std::function<void()> unwanted;
  const std::lock_guard lock(mutex_);
  unwanted.swap(on_closed_);
  if (IsOver()) return;
  abandoned_ = true;
  Wake();
}

PendingAnswer::Taken PendingAnswer::Take() {
  const std::lock_guard lock(mutex_);
  waking_ = false;
  Taken taken{.response = std::exchange(response_, {}),
              .head = std::exchange(head_, {}),
              .pieces = std::exchange(pieces_, {}),
              .end = ended_ || overflow_,
              .overflow = overflow_,
              .abandoned = abandoned_};
  return taken;
}

void PendingAnswer::Sent(size_t bytes) {
  const std::lock_guard lock(mutex_);
  unsent_ -= std::min(bytes, unsent_);
}

std::function<void()> PendingAnswer::TakeOverflow() {
  const std::lock_guard lock(mutex_);
  return overflow_ ? std::exchange(on_closed_, {}) : nullptr;
}

std::function<void()> PendingAnswer::Close() {
  std::string pieces;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  pieces.swap(pieces_);
  return ended_ ? nullptr : std::exchange(on_closed_, {});
}

void PendingAnswer::Wake() {
  if (std::exchange(waking_, true)) return;
  loop_->Post(arrived_);
}

}  // namespace sheepop::http
