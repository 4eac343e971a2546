// Keeps the smallest set of best tokens whose probability, renormalised over the candidates, is at least p (and at
// least min_keep of them). Holtzman et al., "The Curious Case of Neural Text Degeneration", arXiv:1904.09751.
#include <memory>

#include "sample/options.h"
#include "sample/step.h"

namespace sheepop {
namespace {

class TopP : public Step {
 public:
  TopP(double p, size_t min_keep) : p_(p), min_keep_(min_keep) {}  // p in [0, 1]
  std::string_view name() const override { return "top_p"; }
  void Apply(Candidates& candidates, const SequenceState&) const override { candidates.KeepMass(p_, min_keep_); }

 private:
  double p_;
  size_t min_keep_;
};

}  // namespace

StepPointer MakeTopP(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.top_p == 1) return nullptr;
  return std::make_shared<TopP>(options.top_p, options.min_keep);
}

}  // namespace sheepop
