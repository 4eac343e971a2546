// From logits to a token: a list of steps, then softmax and a draw. Immutable once built; what a sequence remembers is
// in its SequenceState, so one chain serves any number of sequences and threads.
//
// Masks come first (bias, bans, allowed tokens, bad words, repeated n-grams, min-tokens), then the steps of the profile
// or of `samplers` in their order. A step whose setting is neutral is left out. Their names in `samplers` and in traces
// are those of kSteps; penalties stands for repetition, presence and frequency.
#pragma once

#include <vector>

#include "base/cpu.h"
#include "kernel/kernels.h"
#include "sample/logit_row.h"
#include "sample/options.h"
#include "sample/sequence_state.h"
#include "sample/step_list.h"
#include "sample/trace.h"
#include "sample/vocabulary.h"

namespace sheepop {

struct Choice {
  Token token = 0;
  double prob = 0;      // among the candidates it was drawn from
  double logprob = 0;   // ln(prob)
  size_t rank = 0;      // among them, 0 the best
  double u = 0;         // the random number, in [0, 1)
  bool forced = false;  // nothing was drawn: no other token was left
};

class Chain {
 public:
  // Throws kInvalidArgument for settings out of range, unknown names, and tokens that the vocabulary does not have. The
  // vocabulary must outlive the chain and its copies.
  static Chain Build(const SamplingOptions& options, const SamplingVocabulary& vocabulary,
                     Isa isa = AvailableIsas().back());

  // Draws the token at state.position() and appends it to the state. Throws kInvalidArgument, naming the step, when
  // masks leave no token, and kCorrupt when the logits have no finite one; the state is then as before. A sink costs
  // passes over the row for each step; without one nothing is recorded.
  Choice Sample(const LogitRow& row, SequenceState& state, TraceSink* sink = nullptr) const;

  // The same with a given random number in place of the sequence's own.
  Choice SampleAt(double u, const LogitRow& row, SequenceState& state, TraceSink* sink = nullptr) const;

  // The tokens that must come next whatever is drawn, by a grammar; none where nothing is forced.
  std::vector<Token> Forced(const SequenceState& state) const;
  // Appends one of them. With a sink as Sample, but that `row` need not give the token any probability.
  Choice Force(Token token, const LogitRow& row, SequenceState& state, TraceSink* sink = nullptr) const;

  // What Sample draws from, for the next position; changes nothing but the state's buffers.
  const Candidates& Filter(const LogitRow& row, SequenceState& state) const;

  const SamplingOptions& options() const { return options_; }
  const SamplingVocabulary& vocabulary() const { return *vocabulary_; }
  std::vector<std::string_view> step_names() const;

 private:
  Chain(const SamplingOptions& options, const SamplingVocabulary& vocabulary, Isa isa)
      : options_(options), vocabulary_(&vocabulary), select_(&kernel::KernelsFor(isa).select) {}

  Chain With(const SamplingOptions& options) const;  // the same masks, other settings for the rest
  template <class Visit>
  void ForEachStep(Visit visit) const;
  Candidates& Prepare(const LogitRow& row, SequenceState& state) const;
  void Apply(const Step& step, Candidates& candidates, const SequenceState& state) const;
  void Accept(const Choice& choice, SequenceState& state) const;
  std::vector<Remedy> Remedies(const WatchedToken& watched, const LogitRow& row, SequenceState& state) const;

  SamplingOptions options_;
  const SamplingVocabulary* vocabulary_;
  const kernel::SelectKernels* select_;
  StepList masks_;
  StepList ordered_;
};

}  // namespace sheepop
