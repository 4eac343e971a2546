// Drops the tokens less likely than epsilon. The best stays. Hewitt, Manning, Liang, "Truncation Sampling as Language
// Model Desmoothing", arXiv:2210.15191.
#include <memory>

#include "sample/options.h"
#include "sample/real_math.h"
#include "sample/step.h"

namespace sheepop {
namespace {

class EpsilonCutoff : public Step {
 public:
  EpsilonCutoff(double epsilon, size_t min_keep) : epsilon_(epsilon), min_keep_(min_keep) {}  // epsilon > 0
  std::string_view name() const override { return "epsilon"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  double epsilon_;
  size_t min_keep_;
};

void EpsilonCutoff::Apply(Candidates& candidates, const SequenceState&) const {
  candidates.KeepWithin(candidates.LogProbability(candidates.best()) - Ln(epsilon_), min_keep_);
}

}  // namespace

StepPointer MakeEpsilon(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.epsilon_cutoff == 0) return nullptr;
  return std::make_shared<EpsilonCutoff>(options.epsilon_cutoff, options.min_keep);
}

}  // namespace sheepop
