// Removes the tokens that the grammar forbids where the text stands; those that end a text where it may not end.
#include "sample/steps/grammar.h"

#include <fmt/ranges.h>

#include "sample/forced_run.h"
#include "sample/options.h"

namespace sheepop {

const Constraint::Position& GrammarStep::PositionOf(const SequenceState& state) const {
  static const Constraint::Position kStart;
  const auto* position = state.Recall<Constraint::Position>(name());
  return position ? *position : kStart;
}

void GrammarStep::Apply(Candidates& candidates, const SequenceState& state) const {
  candidates.KeepOnly(*constraint_->Mask(PositionOf(state)));
}

void GrammarStep::Learn(Token token, double /*probability*/, SequenceState& state) const {
  constraint_->Advance(state.Keep<Constraint::Position>(name(), {}), constraint_->table().bytes(token));
}

std::string GrammarStep::Why(const SequenceState& state) const {
  const std::vector<std::string> following = constraint_->Following(PositionOf(state));
  return following.empty() ? "the text may only end here" : fmt::format("it follows {}", fmt::join(following, " or "));
}

std::vector<Token> GrammarStep::Forced(const SequenceState& state) const {
  return ForcedRun(*constraint_, PositionOf(state), state.output(), *vocabulary_);
}

StepPointer MakeGrammar(const SamplingOptions& options, const SamplingVocabulary& vocabulary) {
  if (!options.constraint.given()) return nullptr;
  return std::make_shared<GrammarStep>(vocabulary.constraints().Get(options.constraint, vocabulary), vocabulary);
}

}  // namespace sheepop
