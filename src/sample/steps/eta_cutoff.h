// Drops the tokens less likely than min(epsilon, sqrt(epsilon) exp(-entropy)). The best stays. Hewitt, Manning, Liang,
// arXiv:2210.15191.
#pragma once

#include "sample/step.h"

namespace sheepop {

class EtaCutoff : public Step {
 public:
  EtaCutoff(double epsilon, size_t min_keep) : epsilon_(epsilon), min_keep_(min_keep) {}  // epsilon > 0
  std::string_view name() const override { return "eta"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  double epsilon_;
  size_t min_keep_;
};

}  // namespace sheepop
