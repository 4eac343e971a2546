#include "evaluate/bench.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "base/huge_buffer.h"
#include "base/memory.h"
#include "kernel/kernels.h"
#include "kernel/limits.h"

namespace sheepop {
namespace {

constexpr size_t kBytesRead = size_t{96} << 20;  // by each thread; beyond any cache

// The best of some tries of `work` in every thread at once, in units a second.
template <typename Work>
double BestRate(ThreadPool& pool, double units_per_thread, int tries, const Work& work) {
  double best = 0;
  for (int i = 0; i < tries; ++i) {
    const Stopwatch watch;
    pool.ParallelFor(pool.threads(), [&](size_t chunk, size_t) { work(chunk); });
    best = std::max(best, units_per_thread * static_cast<double>(pool.threads()) / watch.seconds());
  }
  return best;
}

struct Test {
  bool decode;
  size_t tokens, batch, depth;
};

std::vector<Test> TestsOf(const BenchOptions& options) {
  std::vector<Test> tests;
  for (size_t depth : options.depth) {
    for (size_t length : options.prefill) tests.push_back({false, length, 1, depth});
    for (size_t batch : options.batch) {
      if (options.decode > 0) tests.push_back({true, options.decode, batch, depth});
    }
  }
  return tests;
}

void Check(const BenchOptions& options) {
  const auto positive = [](std::string_view field, const std::vector<size_t>& values, size_t bound) {
    for (size_t value : values) {
      if (value < 1 || value > bound) {
        throw Error(ErrorCategory::kInvalidArgument, "{} is {}, it must be between 1 and {}", field, value, bound);
      }
    }
  };
  const auto at_most = [](std::string_view field, const std::vector<size_t>& values, size_t bound) {
    for (size_t value : values) {
      if (value > bound) {
        throw Error(ErrorCategory::kInvalidArgument, "{} is {}, it must be at most {}", field, value, bound);
      }
    }
  };
  positive("prefill", options.prefill, 1 << 20);
  at_most("decode", {options.decode}, kMostContext);
  at_most("depth", options.depth, kMostContext);
  positive("batch", options.batch, 256);
  positive("repeat", {options.repeat}, 1000);
  positive("chunk", {options.chunk}, 65536);
}

// Before and behind its own tokens a test writes the row that warms up; the first sequence of a batch is forked.
size_t ContextOf(const Test& test) { return test.depth + test.tokens + 1; }
size_t CachePositions(const Test& test) { return (ContextOf(test) + 16) * (test.batch + 1); }

// Before the first test runs.
void RequireRoom(const ModelConfig& config, const BenchOptions& options, const std::vector<Test>& tests) {
  const size_t free = AvailableMemory();
  for (const Test& test : tests) {
    if (config.learned_positions && ContextOf(test) > config.context) {
      throw Error(ErrorCategory::kInvalidArgument, "depth {} and {} tokens: the model has {} learned positions",
                  test.depth, test.tokens, config.context);
    }
    RequireCacheMemory(KvShapeOf(config, options.kv_type), CachePositions(test),
                       fmt::format("take a smaller --depth than {}, or a smaller --{}", test.depth,
                                   test.batch > 1 ? "batch"
                                   : test.decode  ? "decode"
                                                  : "prefill"),
                       free);
  }
}

// Runs the model on rows of arbitrary tokens: what they are does not change the time.
class Runner {
 public:
  Runner(const Model& model, const BenchOptions& options, const Test& test, ThreadPool& pool)
      : model_(model),
        pool_(pool),
        chunk_(options.chunk),
        cache_(KvShapeOf(model.config(), options.kv_type), CachePositions(test)),
        work_(model.config(), std::max(options.chunk, test.batch), test.batch, pool.threads(), ContextOf(test)) {}

  void Open(size_t batch, size_t depth) {
    sequences_.clear();
    sequences_.push_back(cache_.Open());
    Prompt(depth);
    while (sequences_.size() < batch) sequences_.push_back(cache_.Fork(sequences_[0]));
  }

  void Close() {
    for (SequenceId sequence : sequences_) cache_.Close(sequence);
  }

  // The last token's logits are computed, as for a prompt that is to be continued.
  void Prompt(size_t length) {
    for (size_t at = 0; at < length;) {
      rows_.clear();
      for (; at < length && rows_.size() < chunk_; ++at)
        rows_.push_back({sequences_[0], NextToken(), at + 1 == length});
      model_.Forward(rows_, cache_, work_, pool_);
    }
  }

  void Write(size_t tokens) {
    for (size_t i = 0; i < tokens; ++i) {
      rows_.clear();
      for (SequenceId sequence : sequences_) rows_.push_back({sequence, NextToken(), true});
      model_.Forward(rows_, cache_, work_, pool_);
    }
  }

 private:
  // A different token each time, so that no prefix is found in the cache.
  Token NextToken() {
    counter_ = counter_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<Token>((counter_ >> 33) % model_.config().vocab);
  }

  const Model& model_;
  ThreadPool& pool_;
  size_t chunk_;
  KvCache cache_;
  Workspace work_;
  std::vector<SequenceId> sequences_;
  std::vector<Row> rows_;
  uint64_t counter_ = 1;
};

double TokensPerSecond(const Model& model, const BenchOptions& options, const Test& test, ThreadPool& pool) {
  Runner runner(model, options, test, pool);
  // Memory that is touched for the first time is not what a model's speed is about.
  runner.Open(1, std::min(options.chunk, test.depth + test.tokens));
  runner.Close();
  runner.Open(test.batch, test.depth);
  if (test.decode) runner.Write(1);
  const Stopwatch watch;
  if (test.decode) {
    runner.Write(test.tokens);
  } else {
    runner.Prompt(test.tokens);
  }
  const double seconds = watch.seconds();
  runner.Close();
  return static_cast<double>(test.tokens * (test.decode ? test.batch : 1)) / seconds;
}

// A pass that writes reads every weight that a row goes through and the cached positions once.
double BytesOfPass(const Model& model, const BenchOptions& options, const Test& test) {
  const double positions = static_cast<double>(test.depth) + static_cast<double>(test.tokens) / 2;
  const double cache_bytes =
      positions * static_cast<double>(KvShapeOf(model.config(), options.kv_type).BytesPerPosition() * test.batch);
  return model.weights().BytesRead(test.batch) + cache_bytes;
}

// A row of a prompt costs two operations a weight of the layers: its logits are not asked for.
double OperationsOfRow(const Model& model) {
  const size_t tables = (model.config().tied_embeddings ? 1 : 2) * model.config().vocab * model.config().hidden;
  return 2 * static_cast<double>(ActiveParameterCount(model.config()) - tables);
}

struct Limit {
  std::string name;
  double tokens_per_s;
};

Limit LimitOf(const Model& model, const BenchOptions& options, const Test& test, const MachineLimits& limits) {
  constexpr double kClearlyFaster = 1.1;
  if (!test.decode) return {"int8", limits.int8_ops_per_s / OperationsOfRow(model)};
  const double bytes = BytesOfPass(model, options, test);
  const double again = limits.again_bytes_per_s ? limits.again_bytes_per_s(bytes) : 0;
  return {again > kClearlyFaster * limits.read_bytes_per_s ? "cache" : "memory",
          static_cast<double>(test.batch) * std::max(limits.read_bytes_per_s, again) / bytes};
}

}  // namespace

MachineLimits MeasureLimits(Isa isa, ThreadPool& pool) {
  const kernel::LimitKernels& kernels = kernel::KernelsFor(isa).limits;
  constexpr size_t kRounds = 1 << 21;
  // All threads read `part` bytes each, again and again.
  const auto read = [&kernels, &pool](size_t part) {
    const size_t times = std::max<size_t>(1, kBytesRead / part);
    HugeBuffer buffer(part * pool.threads());
    std::atomic<uint64_t> keep{0};
    pool.ParallelFor(pool.threads(),
                     [&](size_t t, size_t) { std::fill_n(buffer.data() + t * part, part, std::byte{1}); });
    return BestRate(pool, static_cast<double>(part * times), 9, [&](size_t t) {
      for (size_t i = 0; i < times; ++i) keep += kernels.read(buffer.data() + t * part, part);
    });
  };
  std::atomic<uint64_t> keep{0};
  MachineLimits limits{};
  limits.read_bytes_per_s = read(kBytesRead);
  limits.int8_ops_per_s = BestRate(pool, static_cast<double>(kRounds * kernels.int8_operations), 5,
                                   [&](size_t) { keep += kernels.multiply(kRounds); });
  limits.again_bytes_per_s = [read, &pool](double bytes) {
    constexpr size_t kGrain = 4096;
    const auto part = static_cast<size_t>(bytes / static_cast<double>(pool.threads())) / kGrain * kGrain;
    return read(std::clamp(part, kGrain, kBytesRead));
  };
  return limits;
}

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  const size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::vector<BenchResult> Bench(const Model& model, const BenchOptions& options, const MachineLimits& limits,
                               ThreadPool& pool, const std::function<void(std::string_view)>& progress) {
  Check(options);
  const std::vector<Test> tests = TestsOf(options);
  RequireRoom(model.config(), options, tests);
  std::vector<BenchResult> results;
  std::vector<Limit> limits_of;
  for (const Test& test : tests) {
    results.push_back({test.decode ? "decode" : "prefill", test.tokens, test.batch, test.depth, {}, 0, ""});
    limits_of.push_back(LimitOf(model, options, test, limits));
  }
  for (size_t round = 0; round < options.repeat; ++round) {
    for (size_t i = 0; i < tests.size(); ++i) {
      if (progress) {
        progress(fmt::format("{} of {}: {} {} tokens, batch {}, depth {}", round + 1, options.repeat, results[i].test,
                             tests[i].tokens, tests[i].batch, tests[i].depth));
      }
      results[i].tokens_per_s.push_back(TokensPerSecond(model, options, tests[i], pool));
    }
  }
  for (size_t i = 0; i < tests.size(); ++i) {
    results[i].share_of_limit = std::min(1.0, Median(results[i].tokens_per_s) / limits_of[i].tokens_per_s);
    results[i].limited_by = limits_of[i].name;
  }
  return results;
}

}  // namespace sheepop
