// Two settings on the same logits and the same random numbers, up to the first token that they choose differently.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sample/chain.h"

namespace sheepop {

struct Divergence {
  size_t step = 0;      // drawn tokens before it
  Trace first, second;  // of the same logits and the same u; both watch the two tokens chosen
  std::string stage;    // the first step whose record differs; empty: none does
  std::string cause;    // a sentence
};

class SettingsComparison {
 public:
  // The vocabulary must outlive the comparison.
  SettingsComparison(const SamplingOptions& first, const SamplingOptions& second, const SamplingVocabulary& vocabulary,
                     Isa isa, uint64_t seed, std::span<const Token> prompt, size_t top);

  // `choice`: what the first settings drew. Does nothing after the divergence.
  void OnStep(std::span<const float> logits, const Choice& choice);

  const std::optional<Divergence>& divergence() const { return divergence_; }

 private:
  Chain first_, second_;
  SequenceState first_state_, second_state_;
  size_t top_;
  size_t steps_ = 0;
  std::optional<Divergence> divergence_;
};

// The settings that differ.
struct ChangedSetting {
  std::string field, first, second;
};
std::vector<ChangedSetting> ChangedSettings(const SamplingOptions& first, const SamplingOptions& second);

}  // namespace sheepop
