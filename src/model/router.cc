#include "model/router.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "kernel/vector.h"

namespace sheepop {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

std::vector<double> Scores(const ExpertConfig& config, std::span<const float> logits) {
  std::vector<double> scores(logits.begin(), logits.end());
  if (config.score == RouterScore::kSigmoid) {
    for (double& score : scores) score = 1 / (1 + kernel::Exp(-score));
    return scores;
  }
  const double largest = std::ranges::max(scores);
  for (double& score : scores) score = kernel::Exp(score - largest);
  const double sum = std::accumulate(scores.begin(), scores.end(), 0.0);
  for (double& score : scores) score /= sum;
  return scores;
}

// Takes every expert outside the best groups out of the choice.
void KeepBestGroups(const ExpertConfig& config, std::vector<double>& ranks) {
  const size_t size = ranks.size() / config.groups;
  struct Group {
    size_t begin;
    double score;
  };
  std::vector<Group> groups;
  for (size_t begin = 0; begin < ranks.size(); begin += size) {
    double best = kNever, second = kNever;
    for (size_t e = begin; e < begin + size; ++e) {
      second = std::max(second, std::min(best, ranks[e]));
      best = std::max(best, ranks[e]);
    }
    groups.push_back({begin, size > 1 && !config.group_maximum ? best + second : best});
  }
  std::ranges::stable_sort(groups, std::ranges::greater(), &Group::score);
  for (size_t g = config.groups_used; g < groups.size(); ++g) {
    std::fill_n(ranks.begin() + static_cast<ptrdiff_t>(groups[g].begin), size, kNever);
  }
}

}  // namespace

void ChooseExperts(const ExpertConfig& config, std::span<const float> logits, const float* choice_bias,
                   std::span<ExpertChoice> chosen) {
  const std::vector<double> scores = Scores(config, logits);
  std::vector<double> ranks = scores;
  for (size_t e = 0; e < ranks.size(); ++e) {
    if (choice_bias) ranks[e] += static_cast<double>(choice_bias[e]);
    if (std::isnan(ranks[e])) ranks[e] = kNever;
  }
  if (config.groups_used < config.groups) KeepBestGroups(config, ranks);
  std::vector<uint32_t> order(ranks.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::partial_sort(order, order.begin() + static_cast<ptrdiff_t>(chosen.size()),
                            [&](uint32_t a, uint32_t b) { return ranks[a] != ranks[b] ? ranks[a] > ranks[b] : a < b; });
  double sum = static_cast<double>(config.sum_floor);
  for (size_t i = 0; i < chosen.size(); ++i) sum += scores[order[i]];
  const double factor = static_cast<double>(config.scale) / (config.normalised ? sum : 1);
  for (size_t i = 0; i < chosen.size(); ++i) {
    chosen[i] = {order[i], static_cast<float>(scores[order[i]] * factor)};
  }
}

}  // namespace sheepop
