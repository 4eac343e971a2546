#include "sample/steps/dry.h"

#include <algorithm>
#include <unordered_map>

#include "sample/real_math.h"

namespace sheepop {
namespace {

// lengths[i], for a text read backwards: how many tokens from i on equal those from the start (the Z function;
// Gusfield, "Algorithms on Strings, Trees and Sequences", 1.4). Linear.
std::vector<size_t> MatchLengths(const std::vector<Token>& text) {
  std::vector<size_t> lengths(text.size(), 0);
  size_t left = 0, right = 0;
  for (size_t i = 1; i < text.size(); ++i) {
    size_t length = i < right ? std::min(right - i, lengths[i - left]) : 0;
    while (i + length < text.size() && text[length] == text[i + length]) ++length;
    lengths[i] = length;
    if (i + length > right) {
      left = i;
      right = i + length;
    }
  }
  return lengths;
}

}  // namespace

Dry::Dry(const DryOptions& options, const std::vector<std::string>& breakers, const SamplingVocabulary& vocabulary)
    : options_(options), is_breaker_(vocabulary.size(), false) {
  for (size_t id = 0; id < is_breaker_.size(); ++id) {
    const std::string_view piece = vocabulary.piece(static_cast<Token>(id));
    is_breaker_[id] = std::any_of(breakers.begin(), breakers.end(),
                                  [&](const std::string& text) { return piece.find(text) != std::string_view::npos; });
  }
}

void Dry::Apply(Candidates& candidates, const SequenceState& state) const {
  const auto window = state.Last(options_.last_n);
  std::vector<Token> backwards(window.rbegin(), window.rend());
  const auto breaker = std::find_if(backwards.begin(), backwards.end(),
                                    [&](Token token) { return is_breaker_[static_cast<size_t>(token)]; });
  const auto longest = static_cast<size_t>(breaker - backwards.begin());
  if (longest < options_.allowed_length) return;

  const std::vector<size_t> lengths = MatchLengths(backwards);
  std::unordered_map<Token, size_t> repeated;  // the longest repetition that each token would extend
  for (size_t i = 1; i < backwards.size(); ++i) {
    const size_t length = std::min(lengths[i], longest);
    if (length < options_.allowed_length) continue;
    size_t& best = repeated[backwards[i - 1]];
    best = std::max(best, length);
  }
  std::vector<LogitEdit> edits;
  for (const auto& [token, length] : repeated) {
    if (is_breaker_[static_cast<size_t>(token)]) continue;
    const auto excess = static_cast<double>(length - options_.allowed_length);
    edits.push_back({token, 1, -options_.multiplier * Power(options_.base, excess)});
  }
  candidates.Edit(edits);
}

}  // namespace sheepop
