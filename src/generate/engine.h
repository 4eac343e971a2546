// The loop of generation, over token ids only. Each step is one forward pass over all active sequences: first a row for
// each that is writing, then a piece of the prompts that wait. What a sequence gets does not depend on its neighbours.
//
// Not thread-safe: one caller. The listeners are called from Step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "base/token.h"
#include "model/model.h"
#include "sample/chain.h"

namespace sheepop {

struct EngineOptions {
  size_t context = 0;          // positions of one sequence; 0: the model's own, at most 4096
  size_t sequences = 1;        // that run at once; more wait
  size_t prefill_chunk = 256;  // most prompt tokens of one step
  kernel::KvType kv_type = kernel::KvType::kF16;
};

enum class FinishReason { kStop, kLength, kContext, kInterrupt };
std::string_view Name(FinishReason reason);  // "stop", "length", "context", "interrupt"

// What a listener wants after a token.
enum class Next { kContinue, kStop };

// Receives one sequence. Outlives its request.
class Listener {
 public:
  virtual ~Listener() = default;
  // A token was drawn. `logits` are those it was drawn from, valid during the call. The token that ends the text is
  // reported too. kStop ends the sequence with FinishReason::kStop.
  virtual Next OnToken(const Choice& choice, std::span<const float> logits) = 0;
  virtual void OnFinish(FinishReason reason) = 0;
};

struct Request {
  std::vector<Token> prompt;           // not empty
  std::shared_ptr<const Chain> chain;  // may draw the ids of its vocabulary; a model's table can be padded beyond them
  uint64_t seed = 0;
  std::vector<Token> end_tokens;  // ascending; drawing one ends the sequence
  size_t max_tokens = SIZE_MAX;   // drawn tokens, the end token included
  TraceSink* trace = nullptr;     // outlives the request
};

enum class RequestId : uint64_t {};

class Engine {
 public:
  Engine(std::shared_ptr<const Model> model, const EngineOptions& options, ThreadPool& pool);

  // One sequence for each listener, all from the same prompt, which is run once; their draws differ by their place in
  // the list. Throws kInvalidArgument for an empty prompt or a token outside the vocabulary, and kLimit, naming both
  // numbers, for a prompt that leaves no room in the context.
  RequestId Submit(Request request, std::span<Listener* const> listeners);

  // Ends the request's sequences with kInterrupt.
  void Cancel(RequestId id);

  // Runs one step. False when nothing was left to do.
  bool Step();

  size_t context() const { return context_; }
  // Prompt tokens that were found in the cache instead of being computed, all requests together.
  size_t reused_tokens() const { return reused_tokens_; }
  size_t kv_bytes() const { return cache_.capacity() * cache_.shape().BytesPerPosition(); }

 private:
  struct Shared {  // what the sequences of one request have in common
    RequestId id;
    Request request;
  };
  struct Sequence {
    std::shared_ptr<const Shared> shared;
    Listener* listener;
    SequenceState state;
    SequenceId cache{};
    std::vector<Listener*> siblings;  // start from this sequence's prompt once it has been run
    bool writing = false;             // the prompt is done; the last token of `state` waits to be run
    bool done = false;
  };

  void AdmitWaiting();
  void AddDecodeRows();
  void AddPromptRows();
  void Fork(Sequence& sequence, std::span<const float> logits, std::span<const float> maxima);
  void Draw(Sequence& sequence, std::span<const float> logits, std::span<const float> maxima);
  void Finish(Sequence& sequence, FinishReason reason);
  void RemoveDone();

  std::shared_ptr<const Model> model_;
  ThreadPool& pool_;
  size_t context_, sequences_, prefill_chunk_;
  KvCache cache_;
  Workspace work_;
  std::list<Sequence> waiting_, active_;
  std::vector<Row> rows_;
  std::vector<Sequence*> drawing_;  // the sequences whose rows want logits, in the order of the rows
  uint64_t next_id_ = 0;
  size_t reused_tokens_ = 0;
};

// The context that options ask for, of a model that was trained for `trained` positions.
size_t ContextInUse(const EngineOptions& options, size_t trained);

}  // namespace sheepop
