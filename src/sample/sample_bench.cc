// One draw: logits to token, with the group maxima that the output projection gives. `trace_none`, `trace_off` and
// `trace_on` tell what a trace costs: the steps and the draw alone, as if there were no tracing; a chain without a sink;
// a chain with one. Compare the first two with --benchmark_enable_random_interleaving=true --benchmark_repetitions=15.
#include <benchmark/benchmark.h>

#include <random>

#include "kernel/kernels.h"
#include "sample/chain.h"
#include "sample/real_math.h"

namespace sheepop {
namespace {

class Sized : public SamplingVocabulary {
 public:
  explicit Sized(size_t size) : size_(size) {}
  size_t size() const override { return size_; }
  std::string_view piece(Token) const override { return ""; }
  std::span<const Token> eos() const override { return {}; }
  TokenUse use(Token) const override { return TokenUse::kText; }

 private:
  size_t size_;
};

enum class Shape { kPeaked, kFlat, kEqual };

// Peaked: a bell with 20 tokens far above it, as a language model gives; flat: a bell alone; equal: all the same.
std::vector<float> Logits(size_t size, Shape shape) {
  std::mt19937 random(1);
  std::normal_distribution<float> bell(0, shape == Shape::kPeaked ? 2.5f : 1.0f);
  std::vector<float> logits(size);
  for (float& logit : logits) logit = shape == Shape::kEqual ? 1.0f : bell(random);
  if (shape == Shape::kPeaked) {
    for (int i = 0; i < 20; ++i) logits[random() % size] = 11 + 0.3f * static_cast<float>(i);
  }
  return logits;
}

void Run(benchmark::State& timer, Shape shape, const SamplingOptions& options, bool with_maxima) {
  const auto size = static_cast<size_t>(timer.range(0));
  const std::vector<float> logits = Logits(size, shape);
  std::vector<float> maxima(size / kernel::kSelectGroup);
  kernel::KernelsFor(AvailableIsas().back())
      .select.group_maxima(logits.data(), maxima.size() * kernel::kSelectGroup, maxima.data());
  const Sized vocabulary(size);
  const Chain chain = Chain::Build(options, vocabulary);
  SequenceState state(1, 0, {});
  const LogitRow row = {logits, with_maxima ? std::span<const float>(maxima) : std::span<const float>()};
  for (auto _ : timer) benchmark::DoNotOptimize(chain.Sample(row, state));
}

SamplingOptions TopKTopP() {
  SamplingOptions options;
  options.temperature = 0.8;
  options.top_k = 40;
  return options;
}

SamplingOptions TopP() {
  SamplingOptions options;
  options.temperature = 0.8;
  options.top_k = 0;
  return options;
}

SamplingOptions TemperatureOnly() {
  SamplingOptions options = TopP();
  options.top_p = 1;
  return options;
}

enum class Tracing { kNone, kOff, kOn };

class Discard : public TraceSink {
 public:
  void OnTrace(Trace trace) override { benchmark::DoNotOptimize(trace); }
};

void RunTraced(benchmark::State& timer, Tracing tracing) {
  const auto size = static_cast<size_t>(timer.range(0));
  const std::vector<float> logits = Logits(size, Shape::kPeaked);
  std::vector<float> maxima(size / kernel::kSelectGroup);
  kernel::KernelsFor(AvailableIsas().back())
      .select.group_maxima(logits.data(), maxima.size() * kernel::kSelectGroup, maxima.data());
  const Sized vocabulary(size);
  const Chain chain = Chain::Build(TopKTopP(), vocabulary);
  SequenceState state(1, 0, {});
  const LogitRow row = {logits, maxima};
  Discard sink;
  for (auto _ : timer) {
    if (tracing == Tracing::kNone) {
      const double u = state.Random(RandomLane::kDraw);
      const Drawn drawn = chain.Filter(row, state).Draw(u);
      benchmark::DoNotOptimize(Ln(drawn.probability));
      state.Accept(drawn.token);
    } else {
      benchmark::DoNotOptimize(chain.Sample(row, state, tracing == Tracing::kOn ? &sink : nullptr));
    }
  }
}

BENCHMARK_CAPTURE(RunTraced, trace_none, Tracing::kNone)->Arg(49152)->Arg(262144);
BENCHMARK_CAPTURE(RunTraced, trace_off, Tracing::kOff)->Arg(49152)->Arg(262144);
BENCHMARK_CAPTURE(RunTraced, trace_on, Tracing::kOn)->Arg(49152)->Arg(262144);

BENCHMARK_CAPTURE(Run, top_k_top_p_peaked, Shape::kPeaked, TopKTopP(), true)->Arg(49152)->Arg(262144);
BENCHMARK_CAPTURE(Run, top_k_top_p_peaked_no_maxima, Shape::kPeaked, TopKTopP(), false)->Arg(49152)->Arg(262144);
BENCHMARK_CAPTURE(Run, top_k_top_p_flat, Shape::kFlat, TopKTopP(), true)->Arg(49152)->Arg(262144);
BENCHMARK_CAPTURE(Run, top_k_top_p_equal, Shape::kEqual, TopKTopP(), true)->Arg(49152)->Arg(262144);
BENCHMARK_CAPTURE(Run, top_p_peaked, Shape::kPeaked, TopP(), true)->Arg(49152)->Arg(262144);
BENCHMARK_CAPTURE(Run, top_p_peaked_no_maxima, Shape::kPeaked, TopP(), false)->Arg(49152)->Arg(262144);
BENCHMARK_CAPTURE(Run, top_p_flat, Shape::kFlat, TopP(), true)->Arg(49152)->Arg(262144);
BENCHMARK_CAPTURE(Run, top_p_equal, Shape::kEqual, TopP(), true)->Arg(49152)->Arg(262144);
BENCHMARK_CAPTURE(Run, temperature_only_peaked, Shape::kPeaked, TemperatureOnly(), true)->Arg(49152)->Arg(262144);
BENCHMARK_CAPTURE(Run, temperature_only_flat, Shape::kFlat, TemperatureOnly(), true)->Arg(49152)->Arg(262144);

}  // namespace
}  // namespace sheepop
