// Keeps the best token alone: the end of a chain that does not sample.
#include <memory>

#include "sample/options.h"
#include "sample/step.h"

namespace sheepop {
namespace {

class Greedy : public Step {
 public:
  std::string_view name() const override { return "greedy"; }
  void Apply(Candidates& candidates, const SequenceState&) const override { candidates.KeepFirst(1, false); }
};

}  // namespace

StepPointer MakeGreedy(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.do_sample) return nullptr;
  return std::make_shared<Greedy>();
}

}  // namespace sheepop
