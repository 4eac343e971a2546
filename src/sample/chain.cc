#include "sample/chain.h"

#include <algorithm>

#include "base/error.h"
#include "sample/profile.h"
#include "sample/real_math.h"
#include "sample/steps/allowed_tokens.h"
#include "sample/steps/banned_tokens.h"
#include "sample/steps/frequency_penalty.h"
#include "sample/steps/logit_bias.h"
#include "sample/steps/presence_penalty.h"
#include "sample/steps/repetition_penalty.h"
#include "sample/steps/temperature.h"
#include "sample/steps/top_k.h"
#include "sample/steps/top_p.h"

namespace sheepop {
namespace {

using StepPointer = std::shared_ptr<const Step>;

std::vector<Token> ResolveAll(const std::vector<TokenName>& names, const Vocabulary& vocabulary,
                              std::string_view field) {
  std::vector<Token> tokens;
  for (const TokenName& name : names) {
    const std::vector<Token> ids = ResolveToken(name, vocabulary, field);
    tokens.insert(tokens.end(), ids.begin(), ids.end());
  }
  return tokens;
}

StepPointer MakeLogitBias(const SamplingOptions& options, const Vocabulary& vocabulary) {
  std::vector<LogitEdit> edits;
  for (const LogitBias& bias : options.logit_bias) {
    for (Token token : ResolveToken(bias.token, vocabulary, "logit_bias")) edits.push_back({token, 1, bias.bias});
  }
  if (edits.empty()) return nullptr;
  return std::make_shared<LogitBiasStep>(std::move(edits));
}

StepPointer MakeBanned(const SamplingOptions& options, const Vocabulary& vocabulary) {
  if (options.banned.empty()) return nullptr;
  return std::make_shared<BannedTokens>(ResolveAll(options.banned, vocabulary, "banned"));
}

StepPointer MakeAllowed(const SamplingOptions& options, const Vocabulary& vocabulary) {
  if (options.allowed.empty()) return nullptr;
  return std::make_shared<AllowedTokens>(ResolveAll(options.allowed, vocabulary, "allowed"), vocabulary.size());
}

PenaltyWindow RepetitionWindow(const SamplingOptions& options) {
  return {options.penalty_scope == PenaltyScope::kOutput, options.repeat_last_n};
}

PenaltyWindow CountWindow(const SamplingOptions& options) {
  if (options.penalty_scope == PenaltyScope::kSplit) return {true, -1};
  return RepetitionWindow(options);
}

StepPointer MakeRepetition(const SamplingOptions& options, const Vocabulary&) {
  if (options.repeat_penalty == 1) return nullptr;
  return std::make_shared<RepetitionPenalty>(options.repeat_penalty, RepetitionWindow(options));
}

StepPointer MakePresence(const SamplingOptions& options, const Vocabulary&) {
  if (options.presence_penalty == 0) return nullptr;
  return std::make_shared<PresencePenalty>(options.presence_penalty, CountWindow(options));
}

StepPointer MakeFrequency(const SamplingOptions& options, const Vocabulary&) {
  if (options.frequency_penalty == 0) return nullptr;
  return std::make_shared<FrequencyPenalty>(options.frequency_penalty, CountWindow(options));
}

StepPointer MakeTemperature(const SamplingOptions& options, const Vocabulary&) {
  return std::make_shared<Temperature>(options.temperature);
}

StepPointer MakeTopK(const SamplingOptions& options, const Vocabulary&) {
  if (options.top_k == 0) return nullptr;
  return std::make_shared<TopK>(std::max(options.top_k, options.min_keep), options.keep_ties);
}

StepPointer MakeTopP(const SamplingOptions& options, const Vocabulary&) {
  if (options.top_p == 1) return nullptr;
  return std::make_shared<TopP>(options.top_p, options.min_keep);
}

struct Maker {
  std::string_view name;
  StepPointer (*make)(const SamplingOptions&, const Vocabulary&);
};

// In the order they have in every profile.
constexpr Maker kMasks[] = {
    {"logit_bias", MakeLogitBias},
    {"banned", MakeBanned},
    {"allowed", MakeAllowed},
};

// In the order that the profile or `samplers` gives.
constexpr Maker kOrdered[] = {
    {"repetition", MakeRepetition},   {"presence", MakePresence}, {"frequency", MakeFrequency},
    {"temperature", MakeTemperature}, {"top_k", MakeTopK},        {"top_p", MakeTopP},
};

const Maker* FindMaker(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kOrdered), std::end(kOrdered), [&](const Maker& m) { return m.name == name; });
  return found == std::end(kOrdered) ? nullptr : found;
}

// Profile order, or the names of `samplers`, with "penalties" standing for all three.
std::vector<std::string_view> Order(const SamplingOptions& options) {
  if (options.samplers.empty()) {
    const auto order = ProfileNamed(options.profile).order;
    return {order.begin(), order.end()};
  }
  std::vector<std::string_view> order;
  for (const std::string& name : options.samplers) {
    if (name == "penalties") {
      order.insert(order.end(), {"repetition", "presence", "frequency"});
      continue;
    }
    if (!FindMaker(name)) {
      std::string known = "penalties";
      for (const Maker& maker : kOrdered) known += fmt::format(", {}", maker.name);
      throw Error(ErrorCategory::kInvalidArgument, "samplers names \"{}\", which is none of {}", name, known);
    }
    order.push_back(name);
  }
  return order;
}

}  // namespace

Chain Chain::Build(const SamplingOptions& options, const Vocabulary& vocabulary, Isa isa) {
  Validate(options);
  Chain chain(options, isa);
  const auto add = [&](const Maker& maker) {
    if (StepPointer step = maker.make(options, vocabulary)) chain.steps_.push_back(std::move(step));
  };
  for (const Maker& maker : kMasks) add(maker);
  for (std::string_view name : Order(options)) {
    if (const Maker* maker = FindMaker(name)) add(*maker);
  }
  return chain;
}

void Chain::Apply(const Step& step, Candidates& candidates, const SequenceState& state) const {
  step.Apply(candidates, state);
  if (candidates.empty()) {
    throw Error(ErrorCategory::kInvalidArgument, "{} leaves no token to draw at position {}; allow at least one",
                step.name(), state.position());
  }
}

Candidates& Chain::Prepare(const LogitRow& row, SequenceState& state) const {
  Candidates& candidates = state.Workspace(*select_);
  candidates.Reset(row);
  if (candidates.empty()) {
    throw Error(ErrorCategory::kCorrupt, "none of the {} logits at position {} is a number above -infinity",
                row.logits.size(), state.position());
  }
  return candidates;
}

const Candidates& Chain::Filter(const LogitRow& row, SequenceState& state) const {
  Candidates& candidates = Prepare(row, state);
  for (const auto& step : steps_) Apply(*step, candidates, state);
  return candidates;
}

Choice Chain::Sample(const LogitRow& row, SequenceState& state, TraceSink* sink) const {
  return SampleAt(state.Random(RandomLane::kDraw), row, state, sink);
}

Choice Chain::SampleAt(double u, const LogitRow& row, SequenceState& state, TraceSink* sink) const {
  std::optional<Tracer> tracer;
  Candidates& candidates = Prepare(row, state);
  if (sink) tracer.emplace(*sink, candidates);
  for (const auto& step : steps_) {
    Apply(*step, candidates, state);
    if (tracer) tracer->AfterStep(step->name(), candidates);
  }
  const Drawn drawn = candidates.Draw(u);
  const Choice choice = {drawn.token, drawn.probability, Ln(drawn.probability), drawn.rank, u};
  if (tracer) {
    tracer->Finish(state.position(), u, drawn, candidates, [](const WatchedToken&) { return std::vector<Remedy>(); });
  }
  for (const auto& step : steps_) step->Learn(drawn.probability, state);
  state.Accept(drawn.token);
  return choice;
}

std::vector<std::string_view> Chain::step_names() const {
  std::vector<std::string_view> names;
  for (const auto& step : steps_) names.push_back(step->name());
  return names;
}

}  // namespace sheepop
