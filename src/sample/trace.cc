#include "sample/trace.h"

#include <algorithm>

#include "kernel/select.h"
#include "sample/real_math.h"

namespace sheepop {
namespace {

TracedToken Describe(const Candidate& candidate, size_t rank, const Candidates& candidates) {
  return {candidate.token, static_cast<double>(candidate.logit) / candidates.temperature(),
          candidates.Probability(candidate.logit), rank};
}

double LogTotal(const Candidates& candidates) {
  return static_cast<double>(candidates.Scale().best) / candidates.temperature() +
         Ln(static_cast<double>(candidates.Mass()) / kernel::kFullWeight);
}

}  // namespace

Tracer::Tracer(TraceSink& sink, const Candidates& entry) : sink_(sink) {
  trace_.entry = Record("logits", entry);
  log_total_ = LogTotal(entry);
}

TracedStage Tracer::Record(std::string_view name, const Candidates& candidates) const {
  TracedStage stage;
  stage.name = name;
  stage.kept = candidates.Count();
  stage.entropy_bits = candidates.EntropyNats() / Ln(2);
  stage.temperature = candidates.temperature();
  for (const Candidate& candidate : candidates.First(sink_.top())) {
    stage.top.push_back(Describe(candidate, stage.top.size(), candidates));
  }
  for (Token token : sink_.watched()) {
    const std::optional<Candidate> candidate = candidates.Find(token);
    if (candidate) stage.watched.push_back(Describe(*candidate, candidates.Rank(*candidate), candidates));
  }
  return stage;
}

void Tracer::AfterStep(std::string_view name, std::string why, const Candidates& candidates) {
  const size_t before = (trace_.stages.empty() ? trace_.entry : trace_.stages.back()).kept;
  trace_.stages.push_back(Record(name, candidates));
  trace_.stages.back().why = std::move(why);
  const double log_total = LogTotal(candidates);
  // A step either removes candidates or changes logits, so that the totals compare whenever some were removed.
  if (trace_.stages.back().kept < before) {
    trace_.stages.back().removed_mass = std::clamp(1 - Exp(log_total - log_total_), 0.0, 1.0);
  }
  log_total_ = log_total;
}

WatchedToken Tracer::Watch(Token token) const {
  WatchedToken watched;
  watched.token = token;
  watched.removed_by = trace_.entry.name;
  const auto visit = [&](const TracedStage& stage) {
    const auto found =
        std::find_if(stage.watched.begin(), stage.watched.end(), [&](const auto& t) { return t.token == token; });
    if (found != stage.watched.end()) {
      watched.rank = found->rank;
      watched.probability = found->probability;
      watched.removed_by.clear();
      watched.why.clear();
    } else if (watched.removed_by.empty()) {
      watched.removed_by = stage.name;
      watched.why = stage.why;
    }
  };
  visit(trace_.entry);
  for (const TracedStage& stage : trace_.stages) visit(stage);
  return watched;
}

void Tracer::Draw(size_t position, double u, const Drawn& drawn, const Candidates& candidates) {
  trace_.position = position;
  trace_.u = u;
  trace_.low = drawn.low;
  trace_.high = drawn.high;
  trace_.chosen = Describe(*candidates.Find(drawn.token), drawn.rank, candidates);
}

void Tracer::Force(size_t position, Token token, const Candidates& candidates) {
  trace_.position = position;
  trace_.high = 1;
  trace_.forced = true;
  trace_.chosen.token = token;
  if (const auto candidate = candidates.Find(token)) {
    trace_.chosen = Describe(*candidate, candidates.Rank(*candidate), candidates);
  }
}

void Tracer::Finish(const std::function<std::vector<Remedy>(const WatchedToken&)>& find_remedies) {
  for (Token token : sink_.watched()) {
    WatchedToken watched = Watch(token);
    if (!watched.removed_by.empty()) watched.remedies = find_remedies(watched);
    trace_.watched.push_back(std::move(watched));
  }
  sink_.OnTrace(std::move(trace_));
}

}  // namespace sheepop
