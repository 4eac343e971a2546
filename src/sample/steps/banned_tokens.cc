// Removes some tokens always.
#include <memory>
#include <vector>

#include "sample/options.h"
#include "sample/step.h"
#include "sample/vocabulary.h"

namespace sheepop {
namespace {

class BannedTokens : public Step {
 public:
  explicit BannedTokens(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}
  std::string_view name() const override { return "banned"; }
  void Apply(Candidates& candidates, const SequenceState&) const override { candidates.Ban(tokens_); }

 private:
  std::vector<Token> tokens_;
};

}  // namespace

StepPointer MakeBanned(const SamplingOptions& options, const SamplingVocabulary& vocabulary) {
  std::vector<Token> tokens = ResolveTokens(options.banned, vocabulary, "banned");
  for (const LogitBias& bias : options.logit_bias) {
    if (bias.bias != kBan) continue;
    const std::vector<Token> ids = ResolveToken(bias.token, vocabulary, "logit_bias");
    tokens.insert(tokens.end(), ids.begin(), ids.end());
  }
  if (tokens.empty()) return nullptr;
  return std::make_shared<BannedTokens>(std::move(tokens));
}

}  // namespace sheepop
