#include "sample/steps/mirostat.h"

#include <algorithm>
#include <cmath>

#include "sample/real_math.h"

namespace sheepop {
namespace {

constexpr size_t kEstimateFrom = 100;
constexpr double kLn2 = 0.693147180559945309;

// The exponent s of Zipf's law, p(rank) ~ rank^-s, by least squares over neighbouring ranks.
double ZipfExponent(const Candidates& candidates, const std::vector<Candidate>& best) {
  double products = 0, squares = 0;
  for (size_t i = 0; i + 1 < best.size(); ++i) {
    const double t = Ln(static_cast<double>(i + 2) / static_cast<double>(i + 1));
    products += t * (candidates.Nats(best[i].logit) - candidates.Nats(best[i + 1].logit));
    squares += t * t;
  }
  return products / squares;
}

// Equation 2 of the paper, with its limits where the exponent makes a term 0 / 0.
double KeptTokens(double s, double level, double vocabulary) {
  const double epsilon = s - 1;
  const double ratio = std::abs(epsilon) < 1e-9 ? 1 / Ln(vocabulary) : epsilon / (1 - Power(vocabulary, -epsilon));
  const double log_k = (Ln(ratio) + level * kLn2) / std::max(s, 1e-9);
  return Exp(std::clamp(log_k, 0.0, 50.0));
}

}  // namespace

void Mirostat::Learn(double probability, SequenceState& state) const {
  const double surprise = -Ln(probability) / kLn2;
  state.mirostat_mu = Level(state) - eta_ * (surprise - tau_);
}

void MirostatV1::Apply(Candidates& candidates, const SequenceState& state) const {
  const std::vector<Candidate> best = candidates.First(kEstimateFrom);
  if (best.size() < 2) return;
  const double s = ZipfExponent(candidates, best);
  const auto vocabulary = static_cast<double>(candidates.vocabulary_size());
  candidates.KeepFirst(static_cast<size_t>(std::min(KeptTokens(s, Level(state), vocabulary), vocabulary)), false);
}

void MirostatV2::Apply(Candidates& candidates, const SequenceState& state) const {
  candidates.KeepWithin(candidates.LogProbability(candidates.best()) + Level(state) * kLn2, 1);
}

}  // namespace sheepop
