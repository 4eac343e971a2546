// What was asked, running on the service: a request of each prompt, and a listener of each choice. What they hear is
// handed to the receiver on another thread, so that no step waits for anybody.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "generate/service.h"
#include "serve/answer.h"
#include "serve/ask.h"

namespace sheepop {

// The thread that hears of generations. Calls of `post` come in their order.
struct HearingThread {
  std::function<void(std::function<void()>)> post;
  std::function<void(double seconds, std::function<void()>)> after;
};

// Seconds between two tries to hand the rest of a request to a queue that is full.
inline constexpr double kQueueRetryS = 0.05;

// Called in turn on the hearing thread, after Start has returned.
class GenerationReceiver {
 public:
  virtual ~GenerationReceiver() = default;
  virtual void OnProgress(size_t computed, size_t prompt) = 0;  // tokens of all prompts
  virtual void OnPiece(Piece piece) = 0;
  virtual void OnFinish(size_t choice, ChoiceResult result) = 0;  // after the choice's last piece
  virtual void OnDone(Ledger ledger) = 0;                         // after the last choice
};

class GenerationRun {
 public:
  // Throws, with nothing running, ApiError: 400 context_length_exceeded with both numbers, 400 for n beyond the
  // sequences that run at once and for settings that the chain refuses, 429 where the queue has no room for the first
  // prompt, 503 where the service is ending; the others wait until there is room. `service` and `thread` outlive the
  // generation.
  static std::shared_ptr<GenerationRun> Start(Service& service, Ask ask, std::shared_ptr<GenerationReceiver> receiver,
                                              const HearingThread& thread);
  virtual ~GenerationRun() = default;

  // Every choice ends with FinishReason::kInterrupt. Any thread; does nothing to what has ended.
  virtual void Cancel() = 0;
  virtual const Ask& ask() const = 0;
};

}  // namespace sheepop
