// Beam search over rows of logits, independent of the model: it is given one row for each live beam and says which
// beams continue, with which token. Wu et al., "Google's Neural Machine Translation System", arXiv:1609.08144, section
// 7, with the score sum(log p) / length^penalty. Ties fall to the earlier beam, then to the lower token. One thread at
// a time.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/cpu.h"
#include "sample/candidates.h"
#include "sample/constraint_cache.h"
#include "sample/vocabulary.h"

namespace sheepop {

struct BeamOptions {
  size_t width = 4;           // beams alive at once, 1 to 1024
  size_t n_best = 1;          // texts wanted, 1 to width
  double length_penalty = 1;  // 0: by probability alone, favours short texts; above 1: favours long ones; -10 to 10
};

struct Fork {
  size_t parent;  // index among the beams before this step
  Token token;
};

struct Hypothesis {
  std::vector<Token> tokens;   // without the token that ended it
  double log_probability = 0;  // natural, summed, the ending token included
  double score = 0;            // log_probability / length^penalty, the ending token counted
  bool ended = false;          // by an end-of-text token
};

class BeamSearch {
 public:
  // Throws kInvalidArgument, naming field, value and bound. With `constraint` all beams keep to it; probabilities are the
  // model's own all the same.
  BeamSearch(const BeamOptions& options, const SamplingVocabulary& vocabulary, Isa isa = AvailableIsas().back(),
             std::shared_ptr<const ReadConstraint> constraint = nullptr);

  size_t beams() const { return live_.size(); }  // 1 at first: the prompt
  std::span<const Token> tokens(size_t beam) const { return live_[beam].tokens; }

  // rows: one for each live beam, in their order, logits or log-probabilities. Returns the beams that live now, the
  // best first: beam i continues rows[forks[i].parent]. Empty when the search is over.
  // Throws kCorrupt for a row none of whose logits is above -infinity.
  std::vector<Fork> Advance(std::span<const LogitRow> rows);

  // True once `width` texts have ended and no live beam, at its present length, scores better than the worst of them:
  // a beam that scores worse now may still end better, so the search goes on however few texts are wanted.
  bool done() const;

  // The best texts, at most n_best; live beams count as texts cut short.
  std::vector<Hypothesis> Best() const;

 private:
  struct Extension {
    size_t parent;
    Token token;
    double log_probability;
  };

  double Score(double log_probability, size_t length) const;
  std::vector<Candidate> BestOf(size_t beam, const LogitRow& row);
  std::vector<Extension> Extensions(std::span<const LogitRow> rows);
  void End(const Extension& extension);
  bool IsEos(Token token) const;

  BeamOptions options_;
  const SamplingVocabulary& vocabulary_;
  Candidates candidates_;
  std::shared_ptr<const ReadConstraint> constraint_;
  std::vector<Hypothesis> live_;              // best first
  std::vector<Constraint::Position> places_;  // of each live beam, with a constraint
  std::vector<Hypothesis> ended_;             // best first, at most width
};

}  // namespace sheepop
