#include "library/heard_answer.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <utility>

#include "base/error.h"
#include "serve/session.h"

namespace sheepop {
namespace {

using Kind = AnswerPiece::Kind;

// Longer waits are as good as endless, and would overflow the clock.
constexpr double kLongestWaitS = 1e6;

std::chrono::duration<double> Wait(double seconds) {
  return std::chrono::duration<double>(seconds < kLongestWaitS ? seconds : kLongestWaitS);
}

std::optional<Kind> KindOf(AnswerDelta::Kind kind) {
  switch (kind) {
    case AnswerDelta::kText: return Kind::kText;
    case AnswerDelta::kThinking: return Kind::kThinking;
    case AnswerDelta::kCallBegin: return Kind::kCallName;
    case AnswerDelta::kCallArguments: return Kind::kCallArguments;
    case AnswerDelta::kCallEnd: return {};
  }
  return {};
}

}  // namespace

HeardAnswer::HeardAnswer(const Ask& ask, std::unique_ptr<Dialect> dialect)
    : head_{RandomName(), std::time(nullptr), ask.model->name},
      taken_apart_(ask.reading.has_value()),
      dialect_(std::move(dialect)),
      results_(ask.prompts.size() * ask.n) {}

HeardAnswer::~HeardAnswer() {
  if (ready_ >= 0) close(ready_);
}

void HeardAnswer::OnPiece(Piece piece) {
  const std::lock_guard lock(mutex_);
  for (AnswerDelta& delta : piece.deltas) {
    if (const auto kind = KindOf(delta.kind)) {
      pieces_.push_back({piece.choice, *kind, delta.call, std::move(delta.text)});
    }
  }
  if (!taken_apart_ && !piece.text.empty()) pieces_.push_back({piece.choice, Kind::kText, 0, std::move(piece.text)});
  Tell();
}

void HeardAnswer::OnFinish(size_t choice, ChoiceResult result) {
  const std::lock_guard lock(mutex_);
  if (result.reason == FinishReason::kError && !error_) error_ = result.error;
  results_[choice] = std::move(result);
  Tell();
}

void HeardAnswer::OnDone(Ledger ledger) {
  const std::lock_guard lock(mutex_);
  ledger_ = std::move(ledger);
  Tell();
}

// With the mutex held.
void HeardAnswer::Tell() {
  heard_.notify_all();
  const uint64_t one = 1;
  if (ready_ >= 0 && (!pieces_.empty() || error_ || ledger_)) (void)!write(ready_, &one, sizeof one);
}

void HeardAnswer::ThrowIfFailed() const {
  if (error_) std::rethrow_exception(error_);
}

ModelAnswer::State HeardAnswer::Next(AnswerPiece& piece, double seconds) {
  std::unique_lock lock(mutex_);
  const auto told = [this] { return !pieces_.empty() || error_ || ledger_; };
  if (!heard_.wait_for(lock, Wait(seconds), told)) return ModelAnswer::State::kWaiting;
  if (pieces_.empty()) {
    ThrowIfFailed();
    return ModelAnswer::State::kEnd;
  }
  piece = std::move(pieces_.front());
  pieces_.pop_front();
  uint64_t count;
  if (ready_ >= 0 && !told()) (void)!read(ready_, &count, sizeof count);
  return ModelAnswer::State::kPiece;
}

bool HeardAnswer::Ended(double seconds) {
  std::unique_lock lock(mutex_);
  return heard_.wait_for(lock, Wait(seconds), [this] { return ledger_.has_value(); });
}

std::string HeardAnswer::Whole() {
  std::unique_lock lock(mutex_);
  heard_.wait(lock, [this] { return error_ || ledger_; });
  ThrowIfFailed();
  if (ledger_ && whole_.empty()) whole_ = boost::json::serialize(dialect_->Whole(head_, results_, *ledger_));
  return whole_;
}

int HeardAnswer::ready() {
  const std::lock_guard lock(mutex_);
  if (ready_ >= 0) return ready_;
  ready_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (ready_ < 0) throw SystemError("eventfd", errno);
  Tell();
  return ready_;
}

}  // namespace sheepop
