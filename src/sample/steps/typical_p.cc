#include "sample/steps/typical_p.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace sheepop {
namespace {

struct Deviation {
  uint64_t nearness;  // an order key, so that equal deviations fall to the lower id
  uint64_t key;
  uint32_t weight;
  bool operator<(const Deviation& other) const { return nearness < other.nearness; }
};

}  // namespace

void TypicalP::Apply(Candidates& candidates, const SequenceState&) const {
  const double entropy = candidates.EntropyNats();
  const double log_best = candidates.LogProbability(candidates.best());
  std::vector<Deviation> heap;
  candidates.ForEach([&](const Candidate& candidate, uint32_t weight) {
    const double surprise = -(candidates.Nats(candidate.logit) + log_best);
    const auto deviation = static_cast<float>(std::abs(surprise - entropy));
    const auto id = static_cast<uint32_t>(candidate.token);
    heap.push_back({kernel::OrderKey(-deviation, id), kernel::OrderKey(candidate.logit, id), weight});
  });
  // A heap gives the nearest few in order without sorting the rest.
  std::make_heap(heap.begin(), heap.end());
  const auto wanted = candidates.MassTarget(p_);
  std::vector<uint64_t> kept;
  uint64_t mass = 0;
  float last = 0;
  while (!heap.empty()) {
    const Deviation& nearest = heap.front();
    const bool enough = mass >= wanted && kept.size() >= min_keep_;
    if (enough && !(keep_ties_ && kernel::KeyLogit(nearest.nearness) == last)) break;
    last = kernel::KeyLogit(nearest.nearness);
    mass += nearest.weight;
    kept.push_back(nearest.key);
    std::pop_heap(heap.begin(), heap.end());
    heap.pop_back();
  }
  if (!heap.empty()) candidates.KeepListed(std::move(kept));
}

}  // namespace sheepop
