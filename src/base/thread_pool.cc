#include "base/thread_pool.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <climits>

#include "base/cpu.h"
#include "base/error.h"

namespace sheepop {
namespace {

// About 30 microseconds: longer than the serial code between two loops of one token, shorter than a time slice.
constexpr int kSpins = 1000;

void FutexWait(std::atomic<uint32_t>& word, uint32_t expected) {
  ::syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

void FutexWake(std::atomic<uint32_t>& word, size_t sleepers = INT_MAX) {
  const int count = static_cast<int>(std::min<size_t>(sleepers, INT_MAX));
  ::syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

}  // namespace

ThreadPool::ThreadPool(size_t threads) : threads_(threads), share_count_(std::min(threads, kMaxShares)) {
  if (threads < 1 || threads > kMaxThreads) {
    throw Error(ErrorCategory::kInvalidArgument, "threads is {}, it must be between 1 and {}", threads, kMaxThreads);
  }
}

ThreadPool::~ThreadPool() {
  stop_.store(true);
  loop_.fetch_add(1);
  FutexWake(loop_);
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::Run(size_t chunks, Call call, const void* context) {
  assert(chunks < UINT32_MAX);
  if (chunks == 0) return;
  FlushDenormals flush;
  if (threads_ == 1 || chunks == 1) {
    for (size_t chunk = 0; chunk < chunks; ++chunk) call(context, chunk, 0);
    return;
  }
  chunks_.store(static_cast<uint32_t>(chunks), std::memory_order_relaxed);
  call_.store(call, std::memory_order_relaxed);
  context_.store(context, std::memory_order_relaxed);
  done_.store(0, std::memory_order_relaxed);
  const uint64_t loop = ++loops_;
  for (size_t share = 0, begin = 0; share < share_count_; ++share) {
    const size_t end = ShareEnd(share, chunks);
    shares_[share].left.store(loop << 32 | (end - begin), std::memory_order_release);
    begin = end;
  }
  while (workers_.size() + 1 < std::min(threads_, chunks)) {
    workers_.emplace_back([this, worker = workers_.size() + 1] { Work(worker); });
  }
  loop_.fetch_add(1);
  if (sleepers_.load() > 0) FutexWake(loop_, chunks - 1);
  TakeChunks(0);
  WaitForChunks();
}

void ThreadPool::TakeChunks(size_t worker) {
  const size_t own = worker * share_count_ / threads_;
  for (size_t i = 0; i < share_count_; ++i) {
    while (TakeChunk((own + i) % share_count_, worker)) {
    }
  }
}

bool ThreadPool::TakeChunk(size_t share, size_t worker) {
  std::atomic<uint64_t>& shared = shares_[share].left;
  uint64_t seen = shared.load(std::memory_order_acquire);
  for (;;) {
    const auto left = static_cast<uint32_t>(seen);
    if (left == 0) return false;
    const uint32_t chunks = chunks_.load(std::memory_order_relaxed);
    const Call call = call_.load(std::memory_order_relaxed);
    const void* context = context_.load(std::memory_order_relaxed);
    if (!shared.compare_exchange_weak(seen, seen - 1, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
    call(context, ShareEnd(share, chunks) - left, worker);
    if (done_.fetch_add(1) + 1 == chunks && caller_sleeps_.load() != 0) FutexWake(done_);
    return true;
  }
}

void ThreadPool::WaitForChunks() {
  const uint32_t chunks = chunks_.load(std::memory_order_relaxed);
  for (int spin = 0; spin < kSpins; ++spin) {
    if (done_.load(std::memory_order_acquire) == chunks) return;
    SpinPause();
  }
  caller_sleeps_.store(1);
  for (uint32_t done = done_.load(); done != chunks; done = done_.load()) FutexWait(done_, done);
  caller_sleeps_.store(0);
}

void ThreadPool::Work(size_t worker) {
  FlushDenormals flush;
  while (!stop_.load(std::memory_order_relaxed)) {
    const uint32_t seen = loop_.load();
    TakeChunks(worker);
    bool changed = false;
    for (int spin = 0; spin < kSpins && !changed; ++spin) {
      SpinPause();
      changed = loop_.load(std::memory_order_relaxed) != seen;
    }
    if (changed) continue;
    sleepers_.fetch_add(1);
    if (loop_.load() == seen) FutexWait(loop_, seen);
    sleepers_.fetch_sub(1);
  }
}

}  // namespace sheepop
