#include "generate/service.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <future>

namespace sheepop {
namespace {

Error NotServed() { return Error(ErrorCategory::kNotFound, "the model that was asked for is no longer served"); }

}  // namespace

Service::Service(size_t threads) : pool_(threads), thread_([this] { Serve(); }) {}

Service::~Service() {
  Drain(0);
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    Poke();
  }
  thread_.join();
}

void Service::Run(const std::function<void(ThreadPool&)>& work) {
  assert(!OnOwnThread());
  std::packaged_task<void()> task([&] { work(pool_); });
  {
    const std::lock_guard lock(mutex_);
    work_.emplace_back([&task] { task(); });
    Poke();
  }
  task.get_future().get();
}

ModelId Service::Add(std::shared_ptr<const Model> model, const EngineOptions& options, size_t queue) {
  auto served = std::make_shared<Served>(std::move(model), options, queue, pool_);
  served->places = served->engine.places();
  served->counts.positions = served->counts.free_positions = served->engine.positions();
  const std::lock_guard lock(mutex_);
  const ModelId id{next_model_++};
  models_.emplace(id, std::move(served));
  return id;
}

void Service::Remove(ModelId model) {
  const std::lock_guard lock(mutex_);
  const auto found = models_.find(model);
  if (found == models_.end()) return;
  found->second->removed = true;
  Poke();
}

RequestId Service::Submit(ModelId model, Request request, std::vector<Listener*> listeners) {
  const std::shared_ptr<Served> served = Find(model);
  served->engine.Check(request, listeners.size());
  RequestId id;
  {
    const std::lock_guard lock(mutex_);
    if (ending_) throw Error(ErrorCategory::kInterrupted, "the program is ending and takes no more requests");
    if (served->removed) throw NotServed();
    const size_t waiting = served->counts.waiting + served->arriving;
    if (waiting >= served->places && waiting - served->places >= served->queue) {
      throw Error(ErrorCategory::kBusy, "{} requests wait already, the queue holds {}; try again later",
                  waiting - served->places, served->queue);
    }
    id = RequestId{next_request_++};
    ++served->arriving;
    commands_.push_back({served, id, std::move(request), std::move(listeners), served->clock()});
    Poke();
  }
  if (OnOwnThread()) Obey();
  return id;
}

void Service::Cancel(RequestId id) {
  {
    const std::lock_guard lock(mutex_);
    commands_.push_back({nullptr, id, {}, {}, 0});
    Poke();
  }
  if (OnOwnThread()) Obey();
}

bool Service::Drain(double grace_s) {
  assert(!OnOwnThread());
  std::unique_lock lock(mutex_);
  ending_ = true;
  const auto quiet = [&] { return idle_ && !poked_; };
  const auto grace = std::chrono::duration<double>(std::clamp(grace_s, 0.0, 1e6));
  const auto deadline =
      std::chrono::system_clock::now() + std::chrono::duration_cast<std::chrono::system_clock::duration>(grace);
  if (quiet_.wait_until(lock, deadline, quiet)) return true;
  cancelling_ = true;
  Poke();
  quiet_.wait(lock, quiet);
  return false;
}

ModelCounts Service::counts(ModelId model) const {
  const std::shared_ptr<Served> served = Find(model);
  const std::lock_guard lock(mutex_);
  ModelCounts counts = served->counts;
  counts.waiting += served->arriving;
  return counts;
}

void Service::Poke() {
  poked_ = true;
  wake_.notify_one();
}

std::shared_ptr<Service::Served> Service::Find(ModelId model) const {
  const std::lock_guard lock(mutex_);
  const auto found = models_.find(model);
  if (found == models_.end() || found->second->removed) {
    throw NotServed();
  }
  return found->second;
}

std::vector<std::pair<ModelId, std::shared_ptr<Service::Served>>> Service::All() const {
  const std::lock_guard lock(mutex_);
  return {models_.begin(), models_.end()};
}

void Service::Serve() {
  bool worked = false;
  while (WaitForWork(worked)) {
    worked = Obey();
    RunWork();
    CancelAllIfTold();
    for (const auto& [id, served] : All()) {
      worked |= Obey();
      worked |= served->engine.Step();
      Publish(id, *served);
    }
  }
}

// False when it is time to end.
bool Service::WaitForWork(bool worked) {
  std::unique_lock lock(mutex_);
  if (!worked && !poked_) {
    idle_ = true;
    quiet_.notify_all();
    wake_.wait(lock, [&] { return poked_; });
  }
  poked_ = idle_ = false;
  return !stop_;
}

bool Service::Obey() {
  for (bool any = false;; any = true) {
    Command command;
    {
      const std::lock_guard lock(mutex_);
      if (commands_.empty()) return any;
      command = std::move(commands_.front());
      commands_.pop_front();
      if (command.served) {
        --command.served->arriving;
        ++command.served->counts.waiting;
      }
    }
    if (command.served) {
      command.served->engine.Submit(std::move(command.request), command.listeners,
                                    Arrival{command.id, command.arrived});
    } else {
      for (const auto& [id, served] : All()) served->engine.Cancel(command.id);
    }
  }
}

void Service::RunWork() {
  for (;;) {
    std::function<void()> work;
    {
      const std::lock_guard lock(mutex_);
      if (work_.empty()) return;
      work = std::move(work_.front());
      work_.pop_front();
    }
    work();
  }
}

void Service::CancelAllIfTold() {
  {
    const std::lock_guard lock(mutex_);
    if (!cancelling_) return;
  }
  for (const auto& [id, served] : All()) served->engine.CancelAll();
}

void Service::Publish(ModelId model, Served& served) {
  const std::lock_guard lock(mutex_);
  served.places = served.engine.places();
  served.counts = {served.engine.active(), served.engine.waiting(), served.engine.positions(),
                   served.engine.free_positions()};
  if (served.removed && served.arriving == 0 && served.engine.idle()) models_.erase(model);
}

}  // namespace sheepop
