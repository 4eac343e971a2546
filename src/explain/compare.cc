#include "explain/compare.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/quoted.h"

namespace sheepop {
namespace {

struct Recorder final : TraceSink {
  std::vector<Token> tokens;
  size_t count = 10;
  Trace trace;

  size_t top() const override { return count; }
  std::span<const Token> watched() const override { return tokens; }
  void OnTrace(Trace recorded) override { trace = std::move(recorded); }
};

bool SameStage(const TracedStage& a, const TracedStage& b) {
  const auto same_token = [](const TracedToken& x, const TracedToken& y) {
    return x.token == y.token && x.probability == y.probability;
  };
  return a.name == b.name && a.kept == b.kept && std::ranges::equal(a.top, b.top, same_token) &&
         std::ranges::equal(a.watched, b.watched, same_token);
}

std::string FirstDifference(const Trace& first, const Trace& second) {
  const size_t common = std::min(first.stages.size(), second.stages.size());
  for (size_t i = 0; i < common; ++i) {
    const TracedStage &a = first.stages[i], &b = second.stages[i];
    if (!SameStage(a, b)) return a.name == b.name ? a.name : fmt::format("{} or {}", a.name, b.name);
  }
  const std::vector<TracedStage>& longer = first.stages.size() > common ? first.stages : second.stages;
  return longer.size() > common ? longer[common].name : "";
}

std::string RemovedBy(const Trace& trace, Token token) {
  for (const WatchedToken& watched : trace.watched) {
    if (watched.token == token) return watched.removed_by;
  }
  return "";
}

std::string Cause(const Divergence& divergence, const SamplingVocabulary& vocabulary) {
  const TracedToken &a = divergence.first.chosen, &b = divergence.second.chosen;
  const std::string first = Quoted(vocabulary.piece(a.token)), second = Quoted(vocabulary.piece(b.token));
  const std::string lost_second = RemovedBy(divergence.first, b.token);
  const std::string lost_first = RemovedBy(divergence.second, a.token);
  const std::string u = fmt::format("u = {:.6f}", divergence.first.u);
  if (!lost_second.empty() && !lost_first.empty()) {
    return fmt::format("{} removes {} under the first settings, {} removes {} under the second", lost_second, second,
                       lost_first, first);
  }
  if (!lost_first.empty()) {
    return fmt::format("{} removes {} under the second settings; {} then draws {}", lost_first, first, u, second);
  }
  if (!lost_second.empty()) {
    return fmt::format("{} removes {} under the first settings; {} then draws {}", lost_second, second, u, first);
  }
  return fmt::format(
      "both keep both tokens, but {} makes the probabilities differ: {} lies in [{:.6f}, {:.6f}) of {} under the first "
      "settings, in [{:.6f}, {:.6f}) of {} under the second",
      divergence.stage, u, divergence.first.low, divergence.first.high, first, divergence.second.low,
      divergence.second.high, second);
}

}  // namespace

SettingsComparison::SettingsComparison(const SamplingOptions& first, const SamplingOptions& second,
                                       const SamplingVocabulary& vocabulary, Isa isa, uint64_t seed,
                                       std::span<const Token> prompt, size_t top)
    : first_(Chain::Build(first, vocabulary, isa)),
      second_(Chain::Build(second, vocabulary, isa)),
      first_state_(seed, 0, prompt),
      second_state_(seed, 0, prompt),
      top_(top) {}

void SettingsComparison::OnStep(std::span<const float> logits, const Choice& choice) {
  if (divergence_) return;
  const LogitRow row{logits.first(first_.vocabulary().size()), {}};
  SequenceState first_before = first_state_, second_before = second_state_;
  const Choice first = first_.SampleAt(choice.u, row, first_state_);
  const Choice second = second_.SampleAt(choice.u, row, second_state_);
  if (first.token == second.token) {
    ++steps_;
    return;
  }
  Recorder recorder;
  recorder.count = top_;
  recorder.tokens = {first.token, second.token};
  Divergence& found = divergence_.emplace();
  found.step = steps_;
  first_.SampleAt(choice.u, row, first_before, &recorder);
  found.first = std::move(recorder.trace);
  second_.SampleAt(choice.u, row, second_before, &recorder);
  found.second = std::move(recorder.trace);
  found.stage = FirstDifference(found.first, found.second);
  found.cause = Cause(found, first_.vocabulary());
}

std::vector<ChangedSetting> ChangedSettings(const SamplingOptions& first, const SamplingOptions& second) {
  std::vector<ChangedSetting> changed;
  for (const OptionRow& row : kSamplingTable.rows()) {
    std::string a = kSamplingTable.Get(first, row), b = kSamplingTable.Get(second, row);
    if (a != b) changed.push_back({std::string(row.name), std::move(a), std::move(b)});
  }
  return changed;
}

}  // namespace sheepop
