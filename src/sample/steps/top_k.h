// Keeps the k best tokens. With `keep_ties` also those whose logit equals the k-th, as transformers and vLLM do.
// Fan, Lewis, Dauphin, "Hierarchical Neural Story Generation", arXiv:1805.04833.
#pragma once

#include "sample/step.h"

namespace sheepop {

class TopK : public Step {
 public:
  TopK(size_t k, bool keep_ties) : k_(k), keep_ties_(keep_ties) {}  // k >= 1
  std::string_view name() const override { return "top_k"; }
  void Apply(Candidates& candidates, const SequenceState&) const override { candidates.KeepFirst(k_, keep_ties_); }

 private:
  size_t k_;
  bool keep_ties_;
};

}  // namespace sheepop
