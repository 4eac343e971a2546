// The step that keeps a text within a grammar.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sample/constraint_cache.h"
#include "sample/step.h"

namespace sheepop {

class GrammarStep final : public Step {
 public:
  // `vocabulary` outlives the step.
  GrammarStep(std::shared_ptr<const ReadConstraint> read, const SamplingVocabulary& vocabulary)
      : read_(std::move(read)), constraint_(&read_->constraint), vocabulary_(&vocabulary) {}

  std::string_view name() const override { return "grammar"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;
  void Learn(Token token, double probability, SequenceState& state) const override;
  std::string Why(const SequenceState& state) const override;
  std::vector<Token> Forced(const SequenceState& state) const override;

 private:
  const Constraint::Position& PositionOf(const SequenceState& state) const;

  std::shared_ptr<const ReadConstraint> read_;
  const Constraint* constraint_;
  const SamplingVocabulary* vocabulary_;
};

}  // namespace sheepop
