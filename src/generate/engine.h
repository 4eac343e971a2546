// The loop of generation, over token ids only. Each step is one forward pass over all active sequences: a row for each
// that is writing, and a share of the prompts that wait. What a sequence gets does not depend on its neighbours: an
// error, of its chain or its listener, ends it alone, and its ids and logits are those that it has by itself.
//
// Who starts: first come, first served. A request waits until all its sequences have a place and the cache has room for
// its prompt and one more block of each, beside what the active ones are about to take; with nobody active it starts.
//
// Who gives way: where the cache is full, the newest sequence is preempted. It goes back to the front of the queue with
// what it has written, and its blocks stay findable until they are needed. Later the blocks that are gone are computed
// again, to the same bits, and it goes on: its listener notices nothing. The oldest sequence is never preempted and gets
// on in every step, so every sequence ends.
//
// Who is computed: SharePrefill says how prompts share a step. No stream that is not preempted waits longer between two
// of its tokens than one prefill chunk and one row of each sequence take. A prompt that comes during a step waits for
// its end: a smaller chunk shortens that.
//
// What is forced: tokens that a grammar leaves no choice about are run like a prompt, several a step, with the rows of all
// of them (ForcedRuns).
//
// Not thread-safe: one caller (see service.h). Listeners are called from Step, and from Submit and Cancel for sequences
// that end there. They may call Submit and Cancel, not Step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "base/token.h"
#include "generate/engine_options.h"
#include "model/model.h"
#include "sample/chain.h"

namespace sheepop {

enum class FinishReason { kStop, kLength, kContext, kInterrupt, kError };
std::string_view Name(FinishReason reason);  // "stop", "length", "context", "interrupt", "error"

// What one sequence cost. The sequences of a request but the first find the whole prompt computed.
struct Usage {
  size_t prompt = 0;         // tokens of it
  size_t reused = 0;         // of these, found in the cache
  size_t computed = 0;       // of these, computed; the rest, where it ended before its first token
  size_t written = 0;        // tokens of the text, the end token included
  size_t forced = 0;         // of these, put in by a grammar and not drawn
  size_t preempted = 0;      // times
  bool clipped = false;      // the cache's type could not hold some keys or values, of this sequence or another before
  size_t recomputed = 0;     // positions computed again because of that
  double queue_s = 0;        // from Submit until it first started
  double first_token_s = 0;  // from Submit; 0 where there was none
  double total_s = 0;        // from Submit until its end

  // From its start to its first token, or to its end where there was none; and from then on.
  double prefill_s() const { return (written ? first_token_s : total_s) - queue_s; }
  double decode_s() const { return written ? total_s - first_token_s : 0; }
};

struct Finish {
  FinishReason reason;
  std::exception_ptr error;  // with kError: what was thrown; AsError gives category and message
  Usage usage;

  // Throws the error, if there is one.
  void Check() const {
    if (error) std::rethrow_exception(error);
  }
};

// What a listener wants after a token.
enum class Next { kContinue, kStop };

// A position of a prompt, and what the model makes of the tokens up to it. Views that are valid during the call.
struct PromptRow {
  size_t position = 0;
  std::span<const float> logits;  // of the token that follows; [vocab]
  std::span<const float> hidden;  // LogitRows::hidden; [hidden]
};

// Receives one sequence. Outlives its request. What it throws, but from OnFinish, ends the sequence with kError.
class Listener {
 public:
  virtual ~Listener() = default;
  // Some of the prompt has been computed: `done` of its tokens are now in the cache, all of them when the first token is
  // about to be drawn. Comes again from less where the sequence was preempted. Only the first of siblings hears it.
  virtual void OnPrompt(size_t /*done*/) {}
  // With Request::prompt_rows, each position of the prompt in turn, before the first OnToken. Only the first of siblings.
  virtual void OnPromptRow(const PromptRow& /*row*/) {}
  // A token was drawn, or forced by a grammar. `logits` are those it was drawn from, or would have been, valid during the
  // call. The token that ends the text is reported too. kStop ends the sequence with FinishReason::kStop.
  virtual Next OnToken(const Choice& choice, std::span<const float> logits) = 0;
  // The last call. If it throws it is called once more, with kError and what it threw.
  virtual void OnFinish(const Finish& finish) = 0;
};

struct Request {
  std::vector<Token> prompt;           // not empty
  std::shared_ptr<const Chain> chain;  // may draw the ids of its vocabulary; a model's table can be padded beyond them
  uint64_t seed = 0;
  std::vector<Token> end_tokens = {};  // ascending; drawing one ends the sequence
  size_t max_tokens = SIZE_MAX;        // drawn tokens, the end token included; 0 ends it when its prompt is computed,
                                       // or at once where nobody wants its rows
  TraceSink* trace = nullptr;          // outlives the request
  bool prompt_rows = false;            // OnPromptRow for every position: all of the prompt is computed, none reused
};

enum class RequestId : uint64_t {};  // counts up from 0, of an engine or a service

// What a service decides in the engine's place: a request's number, and when it came.
struct Arrival {
  RequestId id;
  double time;  // by the options' clock
};

class Engine {
 public:
  // Throws kInvalidArgument for options out of range or a context that the model's learned positions do not have.
  Engine(std::shared_ptr<const Model> model, const EngineOptions& options, ThreadPool& pool);

  // One sequence for each listener, all from the same prompt, which is run once; their draws differ by their place in
  // the list. Throws what Check throws.
  RequestId Submit(Request request, std::span<Listener* const> listeners, std::optional<Arrival> arrival = {});

  // Whether `request` can ever run, with `sequences` listeners. Throws kInvalidArgument for an empty prompt, a token
  // outside the vocabulary or too many listeners, and kLimit, naming both numbers, for a prompt that leaves no room in
  // the context or the cache. Any thread.
  void Check(const Request& request, size_t sequences) const;

  // Ends the request's sequences with kInterrupt. Does nothing where it has ended or never was.
  void Cancel(RequestId id);
  void CancelAll();  // requests

  // Runs one step. False when nothing was left to do.
  bool Step();

  size_t context() const { return context_; }  // positions of one sequence: what was asked for, and the cache holds
  size_t positions() const { return cache_.capacity(); }  // of all sequences together
  size_t kv_bytes() const { return positions() * cache_.shape().BytesPerPosition(); }
  bool idle() const { return places() == sequences_ && waiting() == 0; }
  size_t active() const;                                   // sequences
  size_t waiting() const;                                  // requests that have not started
  size_t places() const;                                   // for sequences that have not started
  size_t free_positions() const { return cache_.room(); }  // in blocks that no active sequence holds
  size_t rows() const { return rows_.size(); }             // of the last step

 private:
  struct Shared {  // what the sequences of one request have in common
    RequestId id;
    Request request;
    double submitted;
  };
  struct Sequence {
    std::shared_ptr<const Shared> shared;
    Listener* listener;
    std::vector<Listener*> siblings;  // start from this sequence's prompt once it has been run
    SequenceState state;
    std::optional<SequenceId> cache = {};  // while active
    Usage usage = {};
    size_t reached = 0;             // positions that were run or found at least once
    size_t handed = 0;              // of the prompt, to OnPromptRow
    std::deque<Token> forced = {};  // what comes behind the tokens of `state` without a draw
    bool started = false;           // was active, ever
    bool done = false;
  };

  struct Wanted {  // whose row it is that wants logits
    Sequence* sequence;
    size_t position;
    bool draws;  // the row that the next token hangs on, forced or drawn
  };

  template <typename Predicate>
  void CancelIf(const Predicate& meant);
  void AdmitWaiting();
  size_t BlocksAhead(const Sequence& sequence) const;
  void PlanRows();
  bool RunsAhead(const Sequence& sequence) const;
  void AddRows(Sequence& sequence, size_t count);
  void PreemptNewest();
  void CountRows();
  void TellOfPrompts();
  template <typename Call>
  void Guarded(Sequence& sequence, const Call& call);
  void HandOutPromptRow(const Wanted& wanted, const PromptRow& row);
  std::vector<Sequence*> Fork(Sequence& sequence);
  void Draw(Sequence& sequence, std::span<const float> logits, std::span<const float> maxima);
  void LookAhead(Sequence& sequence) const;
  void End(Sequence& sequence, FinishReason reason, std::exception_ptr error = {});
  void RemoveDone();

  std::shared_ptr<const Model> model_;
  ThreadPool& pool_;
  Clock clock_;
  size_t sequences_;
  KvCache cache_;
  size_t context_, prefill_chunk_;
  Workspace work_;
  std::list<Sequence> active_, waiting_;  // in the order they came; all of `active_` before all of `waiting_`
  uint64_t next_id_ = 0;

  // The step in progress.
  std::vector<Row> rows_;
  std::vector<KvCache::Count> counts_;
  std::vector<Sequence*> running_;  // whose the counts are
  std::vector<Wanted> wanted_;
  size_t prompt_rows_left_ = 0;  // of kPromptRows
};

// How many rows of a step each of the prompts gets that wait to be computed, of `chunk` rows at most. `left`: what
// there is to do of each, the oldest first.
//
// Those with the least left come first and are run whole as long as they fit into three quarters of the chunk. The
// oldest of the others gets the rest, but no more than they, and at least kLeastShare: so a short prompt's step is at
// most about twice as long as it is alone, and the oldest has at least a quarter of the chunk or half of the step.
// Where none is run whole, the one with the least left has three quarters and the oldest one.
std::vector<size_t> SharePrefill(std::span<const size_t> left, size_t chunk);
inline constexpr size_t kLeastShare = 16;

// Rows of one step that may be handed out with Request::prompt_rows, of all prompts together.
inline constexpr size_t kPromptRows = 64;

// The context that options ask for, of a model that was trained for `trained` positions.
size_t ContextInUse(const EngineOptions& options, size_t trained);

}  // namespace sheepop
