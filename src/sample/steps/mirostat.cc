// Keeps the surprise of the text near a target by cutting the candidates at a level that learns from each draw.
// Version 1 estimates Zipf's exponent from the best 100 tokens and keeps the best k; version 2 drops the tokens more
// surprising than the level. Basu et al., "Mirostat", arXiv:2007.14966.
#include <algorithm>
#include <cmath>
#include <memory>

#include "sample/options.h"
#include "sample/real_math.h"
#include "sample/step.h"
#include "sample/vocabulary.h"

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

class Mirostat : public Step {
 public:
  Mirostat(double tau, double eta) : tau_(tau), eta_(eta) {}  // bits, learning rate
  std::string_view name() const override { return "mirostat"; }
  void Learn(Token token, double probability, SequenceState& state) const override;

 protected:
  // mu of the paper, in bits.
  double Level(const SequenceState& state) const {
    const auto* level = state.Recall<double>(name());
    return level ? *level : 2 * tau_;
  }

 private:
  double tau_;
  double eta_;
};

class MirostatV1 : public Mirostat {
 public:
  using Mirostat::Mirostat;
  void Apply(Candidates& candidates, const SequenceState& state) const override;
};

class MirostatV2 : public Mirostat {
 public:
  using Mirostat::Mirostat;
  void Apply(Candidates& candidates, const SequenceState& state) const override;
};

void Mirostat::Learn(Token, double probability, SequenceState& state) const {
  const double surprise = -Ln(probability) / kLn2;
  double& level = state.Keep(name(), 2 * tau_);
  level -= eta_ * (surprise - tau_);
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

}  // namespace

StepPointer MakeMirostat(const SamplingOptions& options, const SamplingVocabulary&) {
  if (options.mirostat == 0) return nullptr;
  if (options.mirostat == 1) return std::make_shared<MirostatV1>(options.mirostat_tau, options.mirostat_eta);
  return std::make_shared<MirostatV2>(options.mirostat_tau, options.mirostat_eta);
}

}  // namespace sheepop
