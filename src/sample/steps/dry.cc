// Don't repeat yourself: penalises the token that would make the end of the text repeat an earlier passage longer than
// allowed, by multiplier * base^(length - allowed_length). A repetition never reaches across a breaker, which is any
// token whose bytes contain one of the given texts. P. E. Weidmann,
// github.com/oobabooga/text-generation-webui/pull/5677.
#include <algorithm>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "sample/options.h"
#include "sample/real_math.h"
#include "sample/step.h"
#include "sample/vocabulary.h"

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

struct DryOptions {
  double multiplier = 0;
  double base = 1.75;
  size_t allowed_length = 2;
  int64_t last_n = -1;  // < 0: all
};

class Dry : public Step {
 public:
  Dry(const DryOptions& options, const std::vector<std::string>& breakers, const SamplingVocabulary& vocabulary);
  std::string_view name() const override { return "dry"; }
  void Apply(Candidates& candidates, const SequenceState& state) const override;

 private:
  DryOptions options_;
  std::vector<bool> is_breaker_;  // [vocabulary]
};

Dry::Dry(const DryOptions& options, const std::vector<std::string>& breakers, const SamplingVocabulary& vocabulary)
    : options_(options), is_breaker_(vocabulary.size()) {
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

}  // namespace

StepPointer MakeDry(const SamplingOptions& options, const SamplingVocabulary& vocabulary) {
  if (options.dry_multiplier == 0) return nullptr;
  const DryOptions dry = {options.dry_multiplier, options.dry_base, static_cast<size_t>(options.dry_allowed_length),
                          options.dry_last_n};
  return std::make_shared<Dry>(dry, options.dry_breakers, vocabulary);
}

}  // namespace sheepop
