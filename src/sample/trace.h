// What happened on the way from logits to a token: one record for the terminal table, JSON, the web page and replay.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sample/candidates.h"

namespace sheepop {

struct TracedToken {
  Token token = 0;
  double logit = 0;  // in effect: after temperature
  double probability = 0;
  size_t rank = 0;
};

struct TracedStage {
  std::string name;  // "logits" at entry, then the names of the steps
  std::string why;   // Step::Why
  size_t kept = 0;
  double removed_mass = 0;  // probability, before the step, of what it removed
  double entropy_bits = 0;
  double temperature = 1;            // in force after the step
  std::vector<TracedToken> top;      // the best, in order
  std::vector<TracedToken> watched;  // those of the watched tokens that remain
};

// One setting whose change alone would have kept a token.
struct Remedy {
  std::string field;  // as in kSamplingTable
  std::string from;
  std::string to;
};

struct WatchedToken {
  Token token = 0;
  size_t rank = 0;               // where it still was a candidate last
  double probability = 0;        // likewise
  std::string removed_by;        // name of the step; empty when it remained; "logits" when it never was a candidate
  std::string why;               // of the step that removed it
  std::vector<Remedy> remedies;  // the one of the removing step first; empty when no single setting does
};

struct Trace {
  size_t position = 0;
  TracedStage entry;
  std::vector<TracedStage> stages;
  double u = 0;
  double low = 0;  // the interval of u that draws this token
  double high = 0;
  TracedToken chosen;
  bool forced = false;  // by a grammar: nothing was drawn
  std::vector<WatchedToken> watched;
};

class TraceSink {
 public:
  virtual ~TraceSink() = default;
  virtual size_t top() const { return 10; }  // how many of the best tokens each stage records
  virtual std::span<const Token> watched() const { return {}; }
  virtual void OnTrace(Trace trace) = 0;
};

// Fills a Trace while a chain runs.
class Tracer {
 public:
  Tracer(TraceSink& sink, const Candidates& entry);
  void AfterStep(std::string_view name, std::string why, const Candidates& candidates);
  // In place of Draw, before a step: the token comes whatever the candidates are.
  void Force(size_t position, Token token, const Candidates& candidates);
  void Draw(size_t position, double u, const Drawn& drawn, const Candidates& candidates);
  // Settles what became of the watched tokens, asks for the remedies of those removed, and hands the trace to the sink.
  void Finish(const std::function<std::vector<Remedy>(const WatchedToken&)>& find_remedies);

 private:
  TracedStage Record(std::string_view name, const Candidates& candidates) const;
  WatchedToken Watch(Token token) const;

  TraceSink& sink_;
  Trace trace_;
  double log_total_ = 0;  // ln of the sum of exp(logit in effect) after the last stage
};

}  // namespace sheepop
