// Keeps the tokens whose surprise is nearest to the entropy, until they sum to p; equally near ones in the order of
// ids. The best token may go. With `keep_ties` also all that are as near as the last one kept, as transformers does.
// Meister et al., "Locally Typical Sampling", arXiv:2202.00666.
#pragma once

#include "sample/step.h"

namespace sheepop {

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

}  // namespace sheepop
