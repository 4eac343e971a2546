// Generation with its record: what every step did to the candidates of every token. The same loop and the same draws as
// `generate`; or one draw from given logits, without a model.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "generate/engine.h"
#include "generate/loaded_model.h"
#include "sample/chain.h"

namespace sheepop {

struct ExplainSettings {
  SamplingOptions sampling;
  uint64_t seed = 0;
  size_t top = 10;  // how many of the best tokens each stage records
  std::vector<Token> watched;
  // Called with each row of logits and what was drawn from it.
  std::function<void(std::span<const float> logits, const Choice& choice)> on_step;
  std::function<bool()> interrupted;  // asked after each step; true ends the run early
};

struct Explanation {
  SamplingOptions sampling;
  std::vector<Trace> steps;  // one for each drawn token
  std::string text;          // valid UTF-8
  FinishReason finish_reason = FinishReason::kLength;
  bool clipped = false;  // see Usage
};

// Where logits come from.
class ExplainSource {
 public:
  virtual ~ExplainSource() = default;
  virtual std::string name() const = 0;  // the model's path; empty when there is none
  virtual const SamplingVocabulary& vocabulary() const = 0;
  virtual Isa isa() const = 0;
  virtual const std::vector<Token>& prompt() const = 0;  // what stands before the first draw
  virtual std::string prompt_text() const = 0;           // for people
  // Throws what Chain and Engine throw. Interrupted, it returns what there is.
  virtual Explanation Run(const ExplainSettings& settings) = 0;
};

// Writes at most `max_tokens` tokens. `loaded` and `pool` must outlive the source.
std::unique_ptr<ExplainSource> MakeModelSource(const LoadedModel& loaded, std::vector<Token> prompt,
                                               const EngineOptions& engine, size_t max_tokens, ThreadPool& pool);

struct GivenLogits {
  std::vector<float> logits;
  std::vector<std::string> labels;  // one for each; empty: the ids
  std::vector<Token> history;       // what penalties see
  std::string prompt;               // shown when there is no history: one token, never drawn
  std::optional<double> u;          // in [0, 1); empty: the seed's
  Isa isa = AvailableIsas().back();
};

// One draw. Throws kInvalidArgument, naming numbers and bounds, for labels or a history that do not fit the logits.
std::unique_ptr<ExplainSource> MakeLogitsSource(GivenLogits given);

// The ids that each of `names` stands for: an id, or the text of a token, alone or after a space. Throws like
// ResolveToken.
std::vector<Token> ResolveWatched(std::span<const std::string> names, const SamplingVocabulary& vocabulary);

}  // namespace sheepop
