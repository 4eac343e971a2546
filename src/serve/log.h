// Lines for stderr, written by a thread of their own: a terminal or a disk that is slow holds up nobody.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

#include "serve/http/exchange.h"
#include "serve/options.h"
#include "serve/work_queue.h"

namespace sheepop {

class AnswerLog {
 public:
  explicit AnswerLog(LogForm form) : form_(form) {}
  AnswerLog(const AnswerLog&) = delete;
  AnswerLog& operator=(const AnswerLog&) = delete;
  ~AnswerLog();  // gives what waits a second to be written

  // Any thread. Lines beyond kMostWaiting that wait, and those that cannot be written, are dropped and counted.
  void Add(const http::HttpRequest& request, unsigned status, size_t bytes, double seconds);
  // Something else; the same rules. A line that was said last is counted, and said again with the count when another one
  // comes, or the end.
  void Say(const std::string& line);
  size_t dropped() const { return dropped_; }

  static constexpr size_t kMostWaiting = 4096;

 private:
  void WriteSaid(const std::string& line, size_t times);
  void Write(std::string line);
  bool WriteAll(std::string_view text) const;

  const LogForm form_;
  std::atomic<size_t> waiting_{0}, dropped_{0};
  std::atomic<bool> ending_{false};
  std::mutex saying_;
  std::string said_;
  size_t times_said_ = 0;
  WorkQueue writer_{1};
};

// One line, with its end. Control characters of the request are escaped.
std::string LogLine(LogForm form, const http::HttpRequest& request, unsigned status, size_t bytes, double seconds,
                    std::time_t now);

}  // namespace sheepop
