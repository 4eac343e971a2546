// One step of a chain: drops candidates or changes how likely they are. Immutable, shared between sequences and
// threads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sample/candidates.h"
#include "sample/sequence_state.h"

namespace sheepop {

class Step {
 public:
  virtual ~Step() = default;

  // The name in traces and in --samplers.
  virtual std::string_view name() const = 0;

  // Filters never empty the candidates; masks may, and the chain then refuses.
  virtual void Apply(Candidates& candidates, const SequenceState& state) const = 0;

  // After the draw, before the token joins the history: `probability` is what it was drawn with. What the step
  // remembers goes into the state's slot of its name.
  virtual void Learn(Token /*token*/, double /*probability*/, SequenceState& /*state*/) const {}

  // What decides here, for people: "it follows /properties/age: integer". Empty where its settings say it all.
  virtual std::string Why(const SequenceState& /*state*/) const { return ""; }

  // The tokens that come next without a choice.
  virtual std::vector<Token> Forced(const SequenceState& /*state*/) const { return {}; }
};

}  // namespace sheepop
