#include "serve/http/loop.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <utility>

namespace sheepop::http {
namespace asio = boost::asio;
namespace {

std::chrono::nanoseconds Duration(double seconds) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>(std::clamp(seconds, 0.0, 1e9)));
}

}  // namespace

Loop::Loop() : io_(std::make_unique<asio::io_context>(1)) {}
Loop::~Loop() = default;

void Loop::Post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (io_) asio::post(*io_, std::move(work));
}

void Loop::After(double seconds, std::function<void()> work) {
  Post([this, seconds, work = std::move(work)]() mutable {
    auto timer = std::make_shared<asio::steady_timer>(*io_, Duration(seconds));
    timer->async_wait([timer, work = std::move(work)](const boost::system::error_code& error) {
      if (!error) work();
    });
  });
}

void Loop::Run() {
  const auto guard = asio::make_work_guard(*io_);
  io_->run();
}

void Loop::RunReady() {
  io_->restart();
  io_->poll();
}

void Loop::Stop() {
  const std::lock_guard lock(mutex_);
  if (io_) io_->stop();
}

void Loop::Clear() {
  std::unique_ptr<asio::io_context> io;
  const std::unique_lock lock(mutex_);
  io = std::move(io_);
}

struct Timer::State {
  asio::steady_timer timer;
  std::function<void()> expired;
  uint64_t turn = 0;  // of the last Set: an expiry that was under way when it came counts for nothing
};

Timer::Timer(Loop& loop) : state_(new State{asio::steady_timer(loop.io()), {}}) {}
Timer::~Timer() = default;

void Timer::Set(double seconds, std::function<void()> expired) {
  state_->expired = std::move(expired);
  state_->timer.expires_after(Duration(seconds));
  state_->timer.async_wait([weak = std::weak_ptr(state_), turn = ++state_->turn](const boost::system::error_code&) {
    const auto state = weak.lock();
    if (!state || state->turn != turn) return;
    const std::function<void()> call = std::exchange(state->expired, {});
    call();
  });
}

void Timer::Cancel() {
  ++state_->turn;
  state_->expired = {};
  state_->timer.cancel();
}

}  // namespace sheepop::http
