#include "base/task_pool.h"

#include <algorithm>
#include <exception>

namespace sheepop {

struct TaskPool::Loop {
  const std::function<void(size_t)>* body;
  size_t count;
  std::mutex mutex;
  std::condition_variable done;
  size_t next = 0;
  size_t running = 0;
  std::exception_ptr error;

  bool exhausted() const { return next >= count; }
};

TaskPool::TaskPool(size_t workers) {
  for (size_t i = 1; i < std::max<size_t>(workers, 1); ++i) threads_.emplace_back([this] { Work(); });
}

TaskPool::~TaskPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void TaskPool::Help(Loop& loop) {
  std::unique_lock lock(loop.mutex);
  while (!loop.exhausted()) {
    const size_t i = loop.next++;
    ++loop.running;
    lock.unlock();
    std::exception_ptr error;
    try {
      (*loop.body)(i);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    --loop.running;
    if (error) {
      if (!loop.error) loop.error = error;
      loop.next = loop.count;
    }
  }
  if (loop.running == 0) loop.done.notify_all();
}

void TaskPool::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stop_ || !open_.empty(); });
    if (stop_) return;
    const std::shared_ptr<Loop> loop = open_.front();
    lock.unlock();
    Help(*loop);
    lock.lock();
    std::erase(open_, loop);
  }
}

void TaskPool::ForEach(size_t count, const std::function<void(size_t)>& body) {
  const auto loop = std::make_shared<Loop>();
  loop->body = &body;
  loop->count = count;
  if (count > 1 && !threads_.empty()) {
    const std::lock_guard lock(mutex_);
    open_.push_front(loop);
    wake_.notify_all();
  }
  Help(*loop);
  {
    const std::lock_guard lock(mutex_);
    std::erase(open_, loop);
  }
  std::unique_lock lock(loop->mutex);
  loop->done.wait(lock, [&] { return loop->running == 0; });
  if (loop->error) std::rethrow_exception(loop->error);
}

}  // namespace sheepop
