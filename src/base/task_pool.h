// Workers for long, uneven tasks that may split themselves: a file is a task, and so are the pages of a scanned book or
// the members of an archive inside it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace sheepop {

class TaskPool {
 public:
  // `workers` counts the caller of ForEach; at least 1.
  explicit TaskPool(size_t workers);
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;
  ~TaskPool();

  size_t workers() const { return threads_.size() + 1; }

  // Calls body(i) once for each i in [0, count), in order of i as far as workers are free, and returns when all calls
  // have. May be called from inside a body: the caller then works on its own loop, and idle workers help. When a body
  // throws, the loop hands out no more indices and the first exception comes out of ForEach.
  void ForEach(size_t count, const std::function<void(size_t)>& body);

 private:
  struct Loop;
  static void Help(Loop& loop);
  void Work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Loop>> open_;  // innermost loops in front: they free memory soonest
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sheepop
