// The network's thread: what runs on it, and when. Boost.Asio's io_context behind a header that does not know it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

namespace boost::asio {
class io_context;
}

namespace sheepop::http {

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Any thread. `work` must not throw; it is let go of unrun once the loop has been cleared.
  void Post(std::function<void()> work);
  void After(double seconds, std::function<void()> work);

  void Run();       // on the thread that is to be the network's, until Stop
  void RunReady();  // what can be done without waiting
  void Stop();      // any thread; Run returns soon
  // Lets go of all that waits. After Run has returned; what belongs to sockets and timers must be gone, or wait here.
  void Clear();

  boost::asio::io_context& io() { return *io_; }  // before Clear

 private:
  std::mutex mutex_;
  std::unique_ptr<boost::asio::io_context> io_;  // none after Clear
};

// One deadline. On the network's thread.
class Timer {
 public:
  explicit Timer(Loop& loop);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void Set(double seconds, std::function<void()> expired);  // instead of what was set before
  void Cancel();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace sheepop::http
