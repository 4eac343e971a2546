// Generation for many clients at once: a pool of threads, an engine for each model, their queues, and one thread that
// runs the steps. While it has work, every model that has any gets one step in turn.
//
// All calls may come from any thread, listeners included, unless it says otherwise. Listeners are called on the
// service's thread, with nothing locked: a slow one holds up everybody, so it should hand on what it gets. They are
// called until OnFinish, which comes for every sequence that Submit has accepted; until then they must live.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/thread_pool.h"
#include "generate/engine.h"

namespace sheepop {

enum class ModelId : uint64_t {};  // counts up from 0

struct ModelCounts {
  size_t active = 0;          // sequences
  size_t waiting = 0;         // requests that have not started
  size_t positions = 0;       // of the cache
  size_t free_positions = 0;  // of these, in blocks that no active sequence holds
};

class Service {
 public:
  explicit Service(size_t threads);  // of the pool, the service's own counted; throws what ThreadPool throws
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service();  // cancels what is left; no other call may be going on

  // Runs `work` on the service's thread between two steps, and returns when it is done: the way to use the pool, to load
  // a model for instance. Throws what `work` throws. Not from a listener.
  void Run(const std::function<void(ThreadPool&)>& work);

  // `queue`: requests that may wait when all places are taken. Throws what Engine's constructor throws.
  ModelId Add(std::shared_ptr<const Model> model, const EngineOptions& options, size_t queue);
  // Takes no more requests for the model. Those that are there go on to their end; then its cache is freed.
  void Remove(ModelId model);

  // The sequences of one request, as Engine::Submit; returns at once. The answer to it is OnFinish of every listener,
  // unless it throws: what Engine::Check throws, kNotFound for a model that is not there (any more), kBusy, to be tried
  // again later, when the queue is full (naming both numbers), and kInterrupted when the service is ending.
  RequestId Submit(ModelId model, Request request, std::vector<Listener*> listeners);

  // Ends the request's sequences with kInterrupt, within one step. Does nothing where it has ended or never was.
  void Cancel(RequestId id);

  // Takes no more requests from now on, and waits until those that are there have ended; after `grace_s` seconds they
  // are cancelled. True when none had to be. Not from a listener.
  bool Drain(double grace_s);

  // As of the last step. Throws kNotFound.
  ModelCounts counts(ModelId model) const;

 private:
  struct Served {  // a model
    Served(std::shared_ptr<const Model> model, const EngineOptions& options, size_t queue_size, ThreadPool& pool)
        : engine(std::move(model), options, pool), clock(options.clock), queue(queue_size) {}

    Engine engine;  // of the service's thread, but for what may be called from any
    const Clock clock;
    const size_t queue;
    // Under the mutex:
    bool removed = false;
    size_t arriving = 0;  // requests on their way to the engine
    size_t places = 0;    // free in the engine
    ModelCounts counts = {};
  };
  struct Command {  // a request that arrives, or one that is cancelled
    std::shared_ptr<Served> served;
    RequestId id;
    Request request;
    std::vector<Listener*> listeners;
    double arrived = 0;
  };

  void Serve();
  bool WaitForWork(bool worked);
  bool Obey();  // true when there was a command
  void RunWork();
  void CancelAllIfTold();
  void Publish(ModelId model, Served& served);
  void Push(Command command);
  void Poke();  // with the mutex held: something has changed that the service's thread should look at
  std::vector<std::pair<ModelId, std::shared_ptr<Served>>> All() const;
  std::shared_ptr<Served> Find(ModelId model) const;
  bool OnOwnThread() const { return std::this_thread::get_id() == thread_.get_id(); }

  ThreadPool pool_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;   // the service's thread
  std::condition_variable quiet_;  // those that wait for it to be idle
  std::map<ModelId, std::shared_ptr<Served>> models_;
  std::deque<Command> commands_;
  std::deque<std::function<void()>> work_;
  uint64_t next_model_ = 0, next_request_ = 0;
  bool poked_ = false, idle_ = true;
  bool ending_ = false, cancelling_ = false, stop_ = false;
  std::thread thread_;
};

}  // namespace sheepop
