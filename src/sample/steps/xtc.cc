// Exclude top choices: with the given probability, drops all tokens at least as likely as the threshold but the least
// likely of them. Does nothing when fewer than two reach it, or fewer than min_keep would stay. Decides by a random
// number of its own, so the draw is not shifted. P. E. Weidmann, github.com/oobabooga/text-generation-webui/pull/6335.
#include <algorithm>
#include <memory>

#include "sample/options.h"
#include "sample/step.h"
#include "sample/vocabulary.h"

namespace sheepop {
namespace {

class Xtc : public Step {
 public:
  Xtc(double probability, double threshold, size_t min_keep)
      : probability_(probability), threshold_(threshold), min_keep_(min_keep) {}
  std::string_view name() const override { return "xtc"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  double probability_;
  double threshold_;
  size_t min_keep_;
};

void Xtc::Apply(Candidates& candidates, const SequenceState& state) const {
  if (state.Random(RandomLane::kXtc) >= probability_) return;
  const auto vocabulary = static_cast<double>(candidates.vocabulary_size());
  // No more than 1 / threshold tokens can reach the threshold.
  const auto most = static_cast<size_t>(std::min(vocabulary, 1 / threshold_ + 1));
  size_t likely = 0;
  for (const Candidate& candidate : candidates.First(most)) {
    if (candidates.Probability(candidate.logit) < threshold_ * (1 - kProbabilitySlack)) break;
    ++likely;
  }
  if (likely < 2 || candidates.Count() < likely - 1 + min_keep_) return;
  candidates.DropFirst(likely - 1);
}

}  // namespace

StepPointer MakeXtc(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.xtc_probability == 0) return nullptr;
  return std::make_shared<Xtc>(options.xtc_probability, options.xtc_threshold, options.min_keep);
}

}  // namespace sheepop
