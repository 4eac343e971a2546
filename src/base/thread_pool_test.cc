#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <numeric>
#include <vector>

#include "base/error.h"

namespace sheepop {
namespace {

TEST(ThreadPool, EveryChunkOnce) {
  for (size_t threads : {1, 2, 3, 7}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (size_t chunks : {0, 1, 2, 5, 64, 1000}) {
      std::vector<std::atomic<int>> calls(chunks);
      pool.ParallelFor(chunks, [&](size_t chunk, size_t worker) {
        EXPECT_LT(worker, threads);
        calls[chunk].fetch_add(1);
      });
      for (const auto& count : calls) EXPECT_EQ(count.load(), 1);
    }
  }
}

TEST(ThreadPool, ManyShortLoopsSeeEachOthersWrites) {
  ThreadPool pool(3);
  std::vector<long> values(64, 0);
  for (int loop = 0; loop < 20000; ++loop) {
    pool.ParallelFor(values.size(), [&](size_t i, size_t) { values[i] += 1; });
  }
  EXPECT_EQ(std::accumulate(values.begin(), values.end(), 0L), 20000L * 64);
}

// Loops of different lengths follow each other at once: a worker that is late for one must not act on the next one's
// numbers.
TEST(ThreadPool, LateWorkersDoNotMixLoops) {
  ThreadPool pool(16);  // more than processors, so that workers are often late
  for (int loop = 0; loop < 100000; ++loop) {
    const size_t chunks = 2 + static_cast<size_t>(loop) * 7 % 11;
    std::atomic<size_t> calls{0}, sum{0};
    pool.ParallelFor(chunks, [&](size_t chunk, size_t) {
      calls.fetch_add(1, std::memory_order_relaxed);
      sum.fetch_add(chunk, std::memory_order_relaxed);
    });
    ASSERT_EQ(calls.load(), chunks) << "loop " << loop;
    ASSERT_EQ(sum.load(), chunks * (chunks - 1) / 2) << "loop " << loop;
  }
}

TEST(ThreadPool, WakesAfterSleep) {
  ThreadPool pool(2);
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::atomic<int> sum{0};
    pool.ParallelFor(8, [&](size_t, size_t) { sum.fetch_add(1); });
    EXPECT_EQ(sum.load(), 8);
  }
}

TEST(ThreadPool, DenormalsAreFlushedOnEveryThread) {
  for (size_t threads : {1, 2}) {
    ThreadPool pool(threads);
    std::atomic<int> kept{0};
    pool.ParallelFor(100, [&](size_t, size_t) {
      volatile float tiny = 1e-30f;
      volatile float product = tiny * 1e-10f;
      if (product != 0) kept.fetch_add(1);
    });
    EXPECT_EQ(kept.load(), 0);
  }
  volatile float tiny = 1e-30f;
  volatile float product = tiny * 1e-10f;
  EXPECT_NE(product, 0) << "the caller's own mode must be restored";
}

TEST(ThreadPool, RefusesBadCounts) {
  EXPECT_THROW(ThreadPool(0), Error);
  EXPECT_THROW(ThreadPool(ThreadPool::kMaxThreads + 1), Error);
}

TEST(ThreadPool, StartsNoMoreWorkersThanThereIsWork) {
  const auto threads = [] {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
  };
  const auto before = threads();
  ThreadPool pool(ThreadPool::kMaxThreads);
  std::atomic<size_t> calls = 0;
  const auto count = [&](size_t, size_t) { ++calls; };
  pool.ParallelFor(1, count);
  EXPECT_EQ(threads(), before);
  pool.ParallelFor(5, count);
  EXPECT_EQ(threads(), before + 4);
  pool.ParallelFor(3, count);
  EXPECT_EQ(threads(), before + 4);
  EXPECT_EQ(calls, 9u);
}

}  // namespace
}  // namespace sheepop
