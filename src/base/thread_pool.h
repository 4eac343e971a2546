// A pool for short parallel loops: a few hundred a token, some of them only microseconds long.
//
// The caller runs straight-line code and takes part in each loop. Chunks are handed out one by one, and a loop is over
// when its chunks are done, not when every worker has arrived: a worker that the system has taken off its core costs at
// most the chunk it holds. Each worker begins with its own share of neighbouring chunks, then helps with the others':
// so the same part of the same data tends to stay with one core, loop after loop. Waiting is a short spin, then a futex
// sleep, so that an idle core can pull in that worker.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace sheepop {

class ThreadPool {
 public:
  // `threads` counts the caller; workers start when a loop has chunks for them. More than processors only slow it down.
  // Throws kInvalidArgument outside [1, kMaxThreads].
  explicit ThreadPool(size_t threads);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();

  static constexpr size_t kMaxThreads = 1024;

  size_t threads() const { return threads_; }

  // Calls body(chunk, worker) once for each chunk in [0, chunks), worker in [0, threads()), and returns when all calls
  // have. The caller is worker 0. The body must not throw and must not use the pool. One caller at a time.
  // Denormal results are flushed to zero inside (base/cpu.h), in the caller as in the workers.
  template <typename Body>
  void ParallelFor(size_t chunks, const Body& body) {
    Run(
        chunks,
        [](const void* context, size_t chunk, size_t worker) { (*static_cast<const Body*>(context))(chunk, worker); },
        &body);
  }

 private:
  using Call = void (*)(const void* context, size_t chunk, size_t worker);

  // The chunks of one share that are not yet taken: loop number << 32 | how many.
  struct alignas(64) Share {
    std::atomic<uint64_t> left{0};
  };
  static constexpr size_t kMaxShares = 8;  // threads beyond begin together: a worker looks through all shares

  void Run(size_t chunks, Call call, const void* context);
  void TakeChunks(size_t worker);  // runs chunks of the current loop until none is left
  bool TakeChunk(size_t share, size_t worker);
  void Work(size_t worker);
  void WaitForChunks();
  size_t ShareEnd(size_t share, size_t chunks) const { return chunks * (share + 1) / share_count_; }

  // The loop in progress. A chunk is taken by a compare-and-swap on its share. The other fields change only when every
  // chunk is done, so where the swap succeeds they were read of the same loop.
  const size_t threads_, share_count_;
  Share shares_[kMaxShares];
  uint32_t loops_ = 0;  // the caller's
  alignas(64) std::atomic<uint32_t> chunks_{0};
  std::atomic<Call> call_{nullptr};
  std::atomic<const void*> context_{nullptr};

  alignas(64) std::atomic<uint32_t> done_{0};
  std::atomic<uint32_t> caller_sleeps_{0};
  alignas(64) std::atomic<uint32_t> loop_{0};  // futex word of idle workers
  std::atomic<uint32_t> sleepers_{0};
  std::atomic<bool> stop_{false};
  std::vector<std::thread> workers_;
};

}  // namespace sheepop
