#include "sample/steps/penalty_window.h"

#include <algorithm>

namespace sheepop {

std::vector<PenaltyWindow::Seen> PenaltyWindow::Count(const SequenceState& state) const {
  std::vector<Seen> seen;
  if (output_only && last_n < 0) {
    for (const auto& [token, count] : state.output_counts()) seen.push_back({token, count});
    return seen;
  }
  const auto window = output_only ? state.LastOutput(last_n) : state.Last(last_n);
  std::vector<Token> sorted(window.begin(), window.end());
  std::sort(sorted.begin(), sorted.end());
  for (Token token : sorted) {
    if (seen.empty() || seen.back().token != token) seen.push_back({token, 0});
    ++seen.back().count;
  }
  return seen;
}

PenaltyWindow RepetitionWindow(const SamplingOptions& options) {
  return {options.penalty_scope == PenaltyScope::kOutput, options.repeat_last_n};
}

PenaltyWindow CountWindow(const SamplingOptions& options) {
  if (options.penalty_scope == PenaltyScope::kSplit) return {true, -1};
  return RepetitionWindow(options);
}

}  // namespace sheepop
