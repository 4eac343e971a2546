#include "sample/chain.h"

#include <fmt/core.h>

#include "base/error.h"
#include "sample/real_math.h"
#include "sample/remedy.h"

namespace sheepop {

Chain Chain::Build(const SamplingOptions& options, const SamplingVocabulary& vocabulary, Isa isa) {
  Validate(options);
  Chain chain(options, vocabulary, isa);
  chain.masks_ = MakeMasks(options, vocabulary);
  chain.ordered_ = MakeOrdered(options, vocabulary);
  return chain;
}

Chain Chain::With(const SamplingOptions& options) const {
  Chain chain = *this;
  chain.options_ = options;
  chain.ordered_ = MakeOrdered(options, *vocabulary_);
  return chain;
}

template <class Visit>
void Chain::ForEachStep(Visit visit) const {
  for (const StepPointer& step : masks_) visit(*step);
  for (const StepPointer& step : ordered_) visit(*step);
}

Candidates& Chain::Prepare(const LogitRow& row, SequenceState& state) const {
  Candidates& candidates = state.Workspace(*select_);
  if (row.logits.size() != vocabulary_->size()) {
    throw Error(ErrorCategory::kInvalidArgument, "the model gives {} logits, the vocabulary has {} tokens",
                row.logits.size(), vocabulary_->size());
  }
  candidates.Reset(row);
  if (candidates.empty()) {
    throw Error(ErrorCategory::kCorrupt,
                "none of the {} logits at position {} is a number above -infinity: the model's weights hold values "
                "that are none; "
                "get the model again, or convert it anew",
                row.logits.size(), state.position());
  }
  return candidates;
}

void Chain::Apply(const Step& step, Candidates& candidates, const SequenceState& state) const {
  step.Apply(candidates, state);
  if (!candidates.empty()) return;
  std::string why, before;
  for (const StepPointer& mask : masks_) {
    if (mask.get() == &step) break;
    before += fmt::format("{}{}", before.empty() ? ", after " : ", ", mask->name());
  }
  ForEachStep([&](const Step& other) {
    if (const std::string reason = other.Why(state); !reason.empty())
      why += fmt::format("; {}: {}", other.name(), reason);
  });
  throw Error(ErrorCategory::kInvalidArgument,
              "{} leaves no token to draw at position {}{}{}; let at least one through: drop one of these settings, or "
              "change it",
              step.name(), state.position(), before, why);
}

const Candidates& Chain::Filter(const LogitRow& row, SequenceState& state) const {
  Candidates& candidates = Prepare(row, state);
  ForEachStep([&](const Step& step) { Apply(step, candidates, state); });
  return candidates;
}

Choice Chain::Sample(const LogitRow& row, SequenceState& state, TraceSink* sink) const {
  return SampleAt(state.Random(RandomLane::kDraw), row, state, sink);
}

Choice Chain::SampleAt(double u, const LogitRow& row, SequenceState& state, TraceSink* sink) const {
  Candidates& candidates = Prepare(row, state);
  std::optional<Tracer> tracer;
  if (sink) tracer.emplace(*sink, candidates);
  ForEachStep([&](const Step& step) {
    Apply(step, candidates, state);
    if (tracer) tracer->AfterStep(step.name(), step.Why(state), candidates);
  });
  const Drawn drawn = candidates.Draw(u);
  const Choice choice = {drawn.token, drawn.probability, Ln(drawn.probability), drawn.rank, u};
  if (tracer) {
    tracer->Draw(state.position(), u, drawn, candidates);
    tracer->Finish([&](const WatchedToken& watched) { return Remedies(watched, row, state); });
  }
  Accept(choice, state);
  return choice;
}

void Chain::Accept(const Choice& choice, SequenceState& state) const {
  ForEachStep([&](const Step& step) { step.Learn(choice.token, choice.prob, state); });
  state.Accept(choice.token);
}

std::vector<Token> Chain::Forced(const SequenceState& state) const {
  if (options_.constraint.forced_runs == ForcedRuns::kOff) return {};
  std::vector<Token> forced;
  ForEachStep([&](const Step& step) {
    if (forced.empty()) forced = step.Forced(state);
  });
  return forced;
}

Choice Chain::Force(Token token, const LogitRow& row, SequenceState& state, TraceSink* sink) const {
  const Choice choice = {.token = token, .prob = 1, .forced = true};
  if (sink) {
    Candidates& candidates = Prepare(row, state);
    Tracer tracer(*sink, candidates);
    tracer.Force(state.position(), token, candidates);
    if (const auto candidate = candidates.Find(token)) {
      candidates.KeepListed({kernel::OrderKey(candidate->logit, token)});
      tracer.AfterStep("forced", "", candidates);
    }
    tracer.Finish([](const WatchedToken&) { return std::vector<Remedy>(); });
  }
  Accept(choice, state);
  return choice;
}

// Tries other settings on the same logits and history.
std::vector<Remedy> Chain::Remedies(const WatchedToken& watched, const LogitRow& row, SequenceState& state) const {
  return FindRemedies(options_, watched.removed_by, row.logits.size(), [&](const SamplingOptions& changed) {
    return With(changed).Filter(row, state).Find(watched.token).has_value();
  });
}

std::vector<std::string_view> Chain::step_names() const {
  std::vector<std::string_view> names;
  ForEachStep([&](const Step& step) { names.push_back(step.name()); });
  return names;
}

}  // namespace sheepop
