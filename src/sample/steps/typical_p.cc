// Keeps the tokens whose surprise is nearest to the entropy, until they sum to p; equally near ones in the order of
// ids. The best token may go. With `keep_ties` also all that are as near as the last one kept, as transformers does.
// Meister et al., "Locally Typical Sampling", arXiv:2202.00666.
#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "sample/options.h"
#include "sample/step.h"

namespace sheepop {
namespace {

struct Deviation {
  uint64_t nearness;  // an order key, so that equal deviations fall to the lower id
  uint64_t key;
  uint32_t weight;
  bool operator<(const Deviation& other) const { return nearness < other.nearness; }
};

class TypicalP : public Step {
 public:
  TypicalP(double p, size_t min_keep, bool keep_ties)
      : p_(p), min_keep_(min_keep), keep_ties_(keep_ties) {}  // p in [0, 1)
  std::string_view name() const override { return "typical_p"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  double p_;
  size_t min_keep_;
  bool keep_ties_;
};

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

}  // namespace

StepPointer MakeTypicalP(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.typical_p == 1) return nullptr;
  return std::make_shared<TypicalP>(options.typical_p, options.min_keep, options.keep_ties);
}

}  // namespace sheepop
