// Keeps the tokens at least p times as likely as the best one. Nguyen et al., "Turning Up the Heat: Min-p Sampling",
// arXiv:2407.01082.
#include <memory>

#include "sample/options.h"
#include "sample/real_math.h"
#include "sample/step.h"

namespace sheepop {
namespace {

class MinP : public Step {
 public:
  MinP(double p, size_t min_keep) : nats_(-Ln(p)), min_keep_(min_keep) {}  // p > 0
  std::string_view name() const override { return "min_p"; }
  void Apply(Candidates& candidates, const SequenceState&) const override { candidates.KeepWithin(nats_, min_keep_); }

 private:
  double nats_;
  size_t min_keep_;
};

}  // namespace

StepPointer MakeMinP(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.min_p == 0) return nullptr;
  return std::make_shared<MinP>(options.min_p, options.min_keep);
}

}  // namespace sheepop
