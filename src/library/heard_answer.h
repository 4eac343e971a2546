// What a request's generation told, kept for whoever asks: pieces until they are fetched, results until the end.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "include/sheepop/shared_model.h"
#include "serve/dialect.h"
#include "serve/generation.h"

namespace sheepop {

// All calls from any thread.
class HeardAnswer final : public GenerationReceiver {
 public:
  HeardAnswer(const Ask& ask, std::unique_ptr<Dialect> dialect);
  ~HeardAnswer() override;

  void OnProgress(size_t, size_t) override {}
  void OnPiece(Piece piece) override;
  void OnFinish(size_t choice, ChoiceResult result) override;
  void OnDone(Ledger ledger) override;

  // As ModelAnswer's.
  ModelAnswer::State Next(AnswerPiece& piece, double seconds);
  bool Ended(double seconds);
  std::string Whole();
  int ready();

 private:
  void Tell();
  void ThrowIfFailed() const;

  const AnswerHead head_;
  const bool taken_apart_;
  std::mutex mutex_;
  std::condition_variable heard_;
  std::unique_ptr<Dialect> dialect_;
  std::deque<AnswerPiece> pieces_;
  std::vector<ChoiceResult> results_;
  std::optional<Ledger> ledger_;  // once it has ended
  std::exception_ptr error_;      // of a choice
  std::string whole_;
  int ready_ = -1;
};

}  // namespace sheepop
