// Divides the logits by a number above 0; 0 keeps the best token alone.
// A temperature that follows the entropy of the candidates: from temperature - range when one token is certain to
// temperature + range when all are alike, by (entropy / ln(count))^exponent. A temperature of 0 keeps the best token
// alone. One candidate is left as it is.
#include <algorithm>
#include <memory>

#include "sample/options.h"
#include "sample/real_math.h"
#include "sample/step.h"

namespace sheepop {
namespace {

class Temperature : public Step {
 public:
  explicit Temperature(double temperature) : temperature_(temperature) {}
  std::string_view name() const override { return "temperature"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  double temperature_;
};

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

void Temperature::Apply(Candidates& candidates, const SequenceState&) const {
  if (temperature_ > 0) {
    candidates.DivideBy(temperature_);
  } else {
    candidates.KeepFirst(1, false);
  }
}

void DynamicTemperature::Apply(Candidates& candidates, const SequenceState& state) const {
  const size_t count = candidates.Count();
  if (count < 2) return;
  const double share = std::clamp(candidates.EntropyNats() / Ln(static_cast<double>(count)), 0.0, 1.0);
  const double low = std::max(0.0, temperature_ - range_);
  const double high = temperature_ + range_;
  Temperature(low + (high - low) * Power(share, exponent_)).Apply(candidates, state);
}

}  // namespace

StepPointer MakeTemperature(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.dynatemp_range == 0) return std::make_shared<Temperature>(options.temperature);
  return std::make_shared<DynamicTemperature>(options.temperature, options.dynatemp_range, options.dynatemp_exponent);
}

}  // namespace sheepop
