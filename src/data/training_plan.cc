#include "data/training_plan.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

namespace sheepop {
namespace {

constexpr size_t kSide = 256;     // three matrices of this size fit a core's caches
constexpr double kSeconds = 0.4;

// c += a b, with the innermost loop along rows, which compilers make vector code of.
void Multiply(const std::vector<float>& a, const std::vector<float>& b, std::vector<float>& c) {
  for (size_t i = 0; i < kSide; ++i) {
    for (size_t k = 0; k < kSide; ++k) {
      const float factor = a[i * kSide + k];
      for (size_t j = 0; j < kSide; ++j) c[i * kSide + j] += factor * b[k * kSide + j];
    }
  }
}

}  // namespace

std::vector<TrainingChoice> PlanTraining(uint64_t corpus_tokens, double operations_per_second) {
  std::vector<TrainingChoice> choices;
  const auto add = [&](uint64_t parameters) {
    TrainingChoice choice;
    choice.parameters = parameters;
    choice.tokens = static_cast<uint64_t>(static_cast<double>(parameters) * kTokensPerParameter);
    choice.epochs = static_cast<double>(choice.tokens) / static_cast<double>(std::max<uint64_t>(corpus_tokens, 1));
    choice.hours = 6.0 * static_cast<double>(parameters) * static_cast<double>(choice.tokens) / operations_per_second / 3600;
    choices.push_back(choice);
  };
  const double most = static_cast<double>(corpus_tokens) * kUsefulEpochs / kTokensPerParameter;
  for (uint64_t decade = 1'000'000; static_cast<double>(decade) <= most; decade *= 10) {
    for (const uint64_t step : {1, 3}) {
      if (static_cast<double>(step * decade) <= most) add(step * decade);
    }
  }
  if (choices.empty()) add(std::max<uint64_t>(static_cast<uint64_t>(most), 1000));
  return choices;
}

double MeasureMatrixRate(size_t threads) {
  using Clock = std::chrono::steady_clock;
  std::atomic<uint64_t> products{0};
  const auto begin = Clock::now();
  const auto work = [&] {
    const std::vector<float> a(kSide * kSide, 0.5f), b(kSide * kSide, 0.25f);
    std::vector<float> c(kSide * kSide, 0.0f);
    while (std::chrono::duration<double>(Clock::now() - begin).count() < kSeconds) {
      Multiply(a, b, c);
      ++products;
    }
  };
  std::vector<std::thread> others;
  for (size_t t = 1; t < threads; ++t) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return 2.0 * kSide * kSide * kSide * static_cast<double>(products.load()) / seconds;
}

}  // namespace sheepop
