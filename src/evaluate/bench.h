// How fast a model runs here, and what share of the machine's limits that is.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "generate/engine.h"
#include "model/model.h"

namespace sheepop {

struct MachineLimits {
  double read_bytes_per_s;  // all threads, from memory
  double int8_ops_per_s;    // all threads
  // Measures how fast all threads together read so many bytes again and again, which caches may hold. Null: as from memory.
  std::function<double(double bytes)> again_bytes_per_s = {};
};

// Takes about half a second. The pool must outlive the limits.
MachineLimits MeasureLimits(Isa isa, ThreadPool& pool);

struct BenchOptions {
  std::vector<size_t> prefill = {512};  // prompt lengths
  size_t decode = 64;                   // tokens written by each sequence; 0: none
  std::vector<size_t> batch = {1};      // sequences side by side
  std::vector<size_t> depth = {0};      // positions already in the context
  size_t repeat = 5;
  size_t chunk = 256;  // rows of one pass while a prompt is run
  kernel::KvType kv_type = kernel::KvType::kF16;
};

struct BenchResult {
  std::string test;  // "prefill" or "decode"
  size_t tokens, batch, depth;
  std::vector<double> tokens_per_s;  // one a repetition
  // Of the median, at most 1: of a prompt the multiplications' limit ("int8"), of writing that of what a pass reads: from
  // "memory", or from the "cache" where it fits in there.
  double share_of_limit;
  std::string limited_by;
};

double Median(std::vector<double> values);

// Repetitions go round over all tests, so that a slow minute of a shared machine meets each of them. `progress` is told
// what runs. Throws kInvalidArgument for options out of range and kLimit, before anything runs, where a test needs more
// memory than there is.
std::vector<BenchResult> Bench(const Model& model, const BenchOptions& options, const MachineLimits& limits,
                               ThreadPool& pool, const std::function<void(std::string_view)>& progress = {});

}  // namespace sheepop
