// Drops the tokens less likely than min(epsilon, sqrt(epsilon) exp(-entropy)). The best stays. Hewitt, Manning, Liang,
// arXiv:2210.15191.
#include <algorithm>
#include <memory>

#include "sample/options.h"
#include "sample/real_math.h"
#include "sample/step.h"

namespace sheepop {
namespace {

class EtaCutoff : public Step {
 public:
  EtaCutoff(double epsilon, size_t min_keep) : epsilon_(epsilon), min_keep_(min_keep) {}  // epsilon > 0
  std::string_view name() const override { return "eta"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  double epsilon_;
  size_t min_keep_;
};

void EtaCutoff::Apply(Candidates& candidates, const SequenceState&) const {
  const double log_eta = std::min(Ln(epsilon_), 0.5 * Ln(epsilon_) - candidates.EntropyNats());
  candidates.KeepWithin(candidates.LogProbability(candidates.best()) - log_eta, min_keep_);
}

}  // namespace

StepPointer MakeEta(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.eta_cutoff == 0) return nullptr;
  return std::make_shared<EtaCutoff>(options.eta_cutoff, options.min_keep);
}

}  // namespace sheepop
