// Keeps the k best tokens. With `keep_ties` also those whose logit equals the k-th, as transformers and vLLM do.
// Fan, Lewis, Dauphin, "Hierarchical Neural Story Generation", arXiv:1805.04833.
#include <memory>

#include "sample/options.h"
#include "sample/step.h"

namespace sheepop {
namespace {

class TopK : public Step {
 public:
  TopK(size_t k, bool keep_ties) : k_(k), keep_ties_(keep_ties) {}  // k >= 1
  std::string_view name() const override { return "top_k"; }
  void Apply(Candidates& candidates, const SequenceState&) const override { candidates.KeepFirst(k_, keep_ties_); }

 private:
  size_t k_;
  bool keep_ties_;
};

}  // namespace

StepPointer MakeTopK(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.top_k == 0) return nullptr;
  return std::make_shared<TopK>(std::max(options.top_k, options.min_keep), options.keep_ties);
}

}  // namespace sheepop
