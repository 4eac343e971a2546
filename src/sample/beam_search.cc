#include "sample/beam_search.h"

#include <algorithm>
#include <cassert>

#include "base/error.h"
#include "kernel/kernels.h"
#include "sample/real_math.h"

namespace sheepop {
namespace {

constexpr size_t kMaxWidth = 1024;
constexpr double kMaxPenalty = 10;

void Check(const BeamOptions& options) {
  if (options.width < 1 || options.width > kMaxWidth) {
    throw Error(ErrorCategory::kInvalidArgument, "beam_width is {}, must be 1 to {}", options.width, kMaxWidth);
  }
  if (options.n_best < 1 || options.n_best > options.width) {
    throw Error(ErrorCategory::kInvalidArgument, "n_best is {}, must be 1 to the beam_width, {}", options.n_best,
                options.width);
  }
  if (!(options.length_penalty >= -kMaxPenalty && options.length_penalty <= kMaxPenalty)) {
    throw Error(ErrorCategory::kInvalidArgument, "length_penalty is {}, must be {} to {}", options.length_penalty,
                -kMaxPenalty, kMaxPenalty);
  }
}

bool Better(const Hypothesis& a, const Hypothesis& b) { return a.score > b.score; }

}  // namespace

BeamSearch::BeamSearch(const BeamOptions& options, const SamplingVocabulary& vocabulary, Isa isa,
                       std::shared_ptr<const ReadConstraint> constraint)
    : options_(options),
      vocabulary_(vocabulary),
      candidates_(kernel::KernelsFor(isa).select),
      constraint_(std::move(constraint)),
      live_(1),
      places_(1) {
  Check(options);
}

double BeamSearch::Score(double log_probability, size_t length) const {
  return log_probability / Power(static_cast<double>(std::max<size_t>(length, 1)), options_.length_penalty);
}

bool BeamSearch::IsEos(Token token) const {
  const auto eos = vocabulary_.eos();
  return std::find(eos.begin(), eos.end(), token) != eos.end();
}

// The best ways to continue one beam; `candidates_` is then the whole row.
std::vector<Candidate> BeamSearch::BestOf(size_t beam, const LogitRow& row) {
  candidates_.Reset(row);
  if (candidates_.empty()) {
    throw Error(ErrorCategory::kCorrupt,
                "none of the {} logits behind {} written tokens is a number above -infinity: the model's weights hold "
                "values that are none; get the model again, or convert it anew",
                row.logits.size(), live_[beam].tokens.size());
  }
  const size_t most = options_.width + vocabulary_.eos().size();
  if (!constraint_) return candidates_.First(most);
  candidates_.KeepOnly(*constraint_->constraint.Mask(places_[beam]));
  if (candidates_.empty()) return {};
  std::vector<Candidate> best = candidates_.First(most);
  candidates_.Reset(row);
  return best;
}

// Every way to continue that could be among the best `width` that do not end.
std::vector<BeamSearch::Extension> BeamSearch::Extensions(std::span<const LogitRow> rows) {
  std::vector<Extension> extensions;
  for (size_t beam = 0; beam < rows.size(); ++beam) {
    for (const Candidate& candidate : BestOf(beam, rows[beam])) {
      extensions.push_back(
          {beam, candidate.token, live_[beam].log_probability + candidates_.LogProbability(candidate.logit)});
    }
  }
  std::stable_sort(extensions.begin(), extensions.end(),
                   [](const Extension& a, const Extension& b) { return a.log_probability > b.log_probability; });
  return extensions;
}

void BeamSearch::End(const Extension& extension) {
  Hypothesis text = live_[extension.parent];
  text.log_probability = extension.log_probability;
  text.score = Score(extension.log_probability, text.tokens.size() + 1);
  text.ended = true;
  ended_.insert(std::upper_bound(ended_.begin(), ended_.end(), text, Better), std::move(text));
  if (ended_.size() > options_.width) ended_.pop_back();
}

std::vector<Fork> BeamSearch::Advance(std::span<const LogitRow> rows) {
  assert(rows.size() == live_.size());
  std::vector<Fork> forks;
  if (done()) return forks;
  std::vector<Hypothesis> next;
  std::vector<Constraint::Position> places;
  size_t rank = 0;
  for (const Extension& extension : Extensions(rows)) {
    if (next.size() == options_.width) break;
    if (IsEos(extension.token)) {
      // An ending that is not among the best `width` extensions is dropped: others are better already.
      if (rank < options_.width) End(extension);
    } else {
      Hypothesis text = live_[extension.parent];
      text.tokens.push_back(extension.token);
      text.log_probability = extension.log_probability;
      text.score = Score(extension.log_probability, text.tokens.size());
      next.push_back(std::move(text));
      places.push_back(places_[extension.parent]);
      if (constraint_) {
        const Constraint& constraint = constraint_->constraint;
        constraint.Advance(places.back(), constraint.table().bytes(extension.token));
      }
      forks.push_back({extension.parent, extension.token});
    }
    ++rank;
  }
  live_ = std::move(next);
  places_ = std::move(places);
  if (done()) forks.clear();
  return forks;
}

bool BeamSearch::done() const {
  if (live_.empty()) return true;
  return ended_.size() == options_.width && !(live_[0].score > ended_.back().score);
}

std::vector<Hypothesis> BeamSearch::Best() const {
  std::vector<Hypothesis> best = ended_;
  best.insert(best.end(), live_.begin(), live_.end());
  std::stable_sort(best.begin(), best.end(), Better);
  best.resize(std::min(best.size(), options_.n_best));
  return best;
}

}  // namespace sheepop
