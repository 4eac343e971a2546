// Keeps the surprise of the text near a target by cutting the candidates at a level that learns from each draw.
// Version 1 estimates Zipf's exponent from the best 100 tokens and keeps the best k; version 2 drops the tokens more
// surprising than the level. Basu et al., "Mirostat", arXiv:2007.14966.
#pragma once

#include "sample/step.h"

namespace sheepop {

class Mirostat : public Step {
 public:
  Mirostat(double tau, double eta) : tau_(tau), eta_(eta) {}  // bits, learning rate
  std::string_view name() const override { return "mirostat"; }
  void Learn(double probability, SequenceState& state) const override;

 protected:
  double Level(const SequenceState& state) const { return state.mirostat_mu.value_or(2 * tau_); }  // bits

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

}  // namespace sheepop
