// Threads for work that takes too long for the network's thread: parsing, templates, tokenizing. In the order it came.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace sheepop {

class WorkQueue {
 public:
  explicit WorkQueue(size_t threads);
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;
  ~WorkQueue();  // what has not begun is dropped

  // Any thread. `work` must not throw.
  void Add(std::function<void()> work);

 private:
  void Work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> waiting_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sheepop
