// A temperature that follows the entropy of the candidates: from temperature - range when one token is certain to
// temperature + range when all are alike, by (entropy / ln(count))^exponent. A temperature of 0 keeps the best token
// alone. One candidate is left as it is.
#pragma once

#include "sample/step.h"

namespace sheepop {

class DynamicTemperature : public Step {
 public:
  DynamicTemperature(double temperature, double range, double exponent)
      : temperature_(temperature), range_(range), exponent_(exponent) {}
  std::string_view name() const override { return "temperature"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  double temperature_;
  double range_;
  double exponent_;
};

}  // namespace sheepop
