#include "sample/remedy.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace sheepop {
namespace {

constexpr int kHalvings = 40;

using Survives = std::function<bool(const SamplingOptions&)>;

// Six digits, rounded away from the value that removes the token.
double Readable(double value, double removing) {
  const double scale = std::pow(10, 5 - std::floor(std::log10(std::abs(value))));
  return (value > removing ? std::ceil(value * scale) : std::floor(value * scale)) / scale;
}

std::optional<Remedy> LoosenReal(const SamplingOptions& options, const StepRow& step, const Survives& survives) {
  const OptionRow& row = kSamplingTable.Named(step.setting);
  SamplingOptions changed = options;
  double& value = *kSamplingTable.As<double>(changed, row);
  double removing = value;
  double keeping = step.open;
  if (removing == keeping) return std::nullopt;
  const auto keeps = [&](double candidate) {
    value = candidate;
    return survives(changed);
  };
  if (!keeps(keeping)) return std::nullopt;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = removing + (keeping - removing) / 2;
    (keeps(middle) ? keeping : removing) = middle;
  }
  const double readable = keeping == 0 ? 0 : Readable(keeping, removing);
  if (!row.allowed.bounds.Hold(readable) || !keeps(readable)) value = keeping;
  return Remedy{std::string(row.name), kSamplingTable.Get(options, row), kSamplingTable.Get(changed, row)};
}

std::optional<Remedy> LoosenTopK(const SamplingOptions& options, size_t vocabulary_size, const Survives& survives) {
  if (options.top_k == 0) return std::nullopt;
  SamplingOptions changed = options;
  const auto keeps = [&](int64_t k) {
    changed.top_k = k;
    return survives(changed);
  };
  int64_t removing = options.top_k;
  auto keeping = static_cast<int64_t>(vocabulary_size);
  if (!keeps(keeping)) return std::nullopt;
  while (keeping - removing > 1) {
    const int64_t middle = removing + (keeping - removing) / 2;
    (keeps(middle) ? keeping : removing) = middle;
  }
  changed.top_k = keeping;
  return Remedy{"top_k", kSamplingTable.Get(options, "top_k"), kSamplingTable.Get(changed, "top_k")};
}

std::optional<Remedy> Sampling(const SamplingOptions& options, const Survives& survives) {
  SamplingOptions changed = options;
  changed.do_sample = true;
  if (options.do_sample || !survives(changed)) return std::nullopt;
  return Remedy{"do_sample", "false", "true"};
}

}  // namespace

std::vector<Remedy> FindRemedies(const SamplingOptions& options, std::string_view removed_by, size_t vocabulary_size,
                                 const Survives& survives) {
  std::vector<Remedy> remedies;
  const auto add = [&](std::string_view step, std::optional<Remedy> remedy) {
    if (remedy) remedies.insert(step == removed_by ? remedies.begin() : remedies.end(), std::move(*remedy));
  };
  add("top_k", LoosenTopK(options, vocabulary_size, survives));
  for (const bool filter : {true, false}) {
    for (const StepRow& step : kSteps) {
      if (step.filter == filter && !step.setting.empty()) add(step.name, LoosenReal(options, step, survives));
    }
  }
  add("greedy", Sampling(options, survives));
  return remedies;
}

}  // namespace sheepop
