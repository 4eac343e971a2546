#include "serve/log.h"

#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cerrno>
#include <chrono>
#include <climits>
#include <ctime>
#include <thread>

#include "base/clock.h"
#include "base/quoted.h"
#include "base/utf8.h"

namespace sheepop {
namespace {

constexpr double kFarewellS = 1;
constexpr int kLookEveryMs = 100;

std::string TimeText(std::time_t now) {
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

}  // namespace

std::string LogLine(LogForm form, const http::HttpRequest& request, unsigned status, size_t bytes, double seconds,
                    std::time_t now) {
  const std::string path = ToValidUtf8(request.path);
  if (form == LogForm::kJson) {
    return boost::json::serialize(boost::json::object{{"time", TimeText(now)},
                                                      {"method", ToValidUtf8(request.method)},
                                                      {"path", path},
                                                      {"status", status},
                                                      {"bytes", bytes},
                                                      {"seconds", seconds},
                                                      {"peer", request.peer},
                                                      {"key", request.key_name},
                                                      {"id", ToValidUtf8(request.id)}}) +
           "\n";
  }
  return fmt::format("{} {} {} {} {} {} bytes {:.3f} s {}{}{}\n", TimeText(now), request.peer,
                     ToValidUtf8(request.method), Quoted(path), status, bytes, seconds, request.id,
                     request.key_name.empty() ? "" : " key ", request.key_name);
}

void AnswerLog::Add(const http::HttpRequest& request, unsigned status, size_t bytes, double seconds) {
  if (form_ == LogForm::kOff) return;
  Write(LogLine(form_, request, status, bytes, seconds, std::time(nullptr)));
}

void AnswerLog::WriteSaid(const std::string& line, size_t times) {
  const std::string time = TimeText(std::time(nullptr));
  if (form_ == LogForm::kJson) {
    boost::json::object said{{"time", time}, {"note", line}};
    if (times > 1) said["count"] = times;
    return Write(boost::json::serialize(said) + "\n");
  }
  Write(times > 1 ? fmt::format("{} {} times: {}\n", time, times, line) : fmt::format("{} {}\n", time, line));
}

void AnswerLog::Say(const std::string& line) {
  const std::lock_guard lock(saying_);
  if (times_said_ > 0 && line == said_) {
    ++times_said_;
    return;
  }
  if (times_said_ > 1) WriteSaid(said_, times_said_);
  said_ = line;
  times_said_ = 1;
  WriteSaid(line, 1);
}

AnswerLog::~AnswerLog() {
  if (times_said_ > 1) WriteSaid(said_, times_said_);
  for (const Stopwatch watch; waiting_ > 0 && watch.seconds() < kFarewellS;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ending_ = true;
}

// A pipe takes so much without waiting when it says that it can be written to; one that nobody reads says so never, and
// must not hold up the end of the program.
bool AnswerLog::WriteAll(std::string_view text) const {
  while (!text.empty()) {
    pollfd ready{STDERR_FILENO, POLLOUT, 0};
    if (poll(&ready, 1, kLookEveryMs) == 0) {
      if (ending_) return false;
      continue;
    }
    const ssize_t written = write(STDERR_FILENO, text.data(), std::min<size_t>(text.size(), PIPE_BUF));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

void AnswerLog::Write(std::string line) {
  if (waiting_ >= kMostWaiting) {
    ++dropped_;
    return;
  }
  ++waiting_;
  writer_.Add([this, line = std::move(line)] {
    if (!WriteAll(line)) ++dropped_;
    --waiting_;
  });
}

}  // namespace sheepop
