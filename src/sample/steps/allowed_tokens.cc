// Removes every token but some.
#include <cstdint>
#include <memory>
#include <vector>

#include "sample/options.h"
#include "sample/step.h"
#include "sample/vocabulary.h"

namespace sheepop {
namespace {

class AllowedTokens : public Step {
 public:
  AllowedTokens(std::span<const Token> tokens, size_t vocabulary_size) : mask_((vocabulary_size + 63) / 64) {
    for (Token token : tokens)
      mask_[static_cast<size_t>(token) / 64] |= uint64_t{1} << (static_cast<size_t>(token) % 64);
  }
  std::string_view name() const override { return "allowed"; }
  void Apply(Candidates& candidates, const SequenceState&) const override { candidates.KeepOnly(mask_); }

 private:
  std::vector<uint64_t> mask_;  // [ceil(vocabulary / 64)]
};

}  // namespace

StepPointer MakeAllowed(const SamplingOptions& options, const SamplingVocabulary& vocabulary) {
  if (options.allowed.empty()) return nullptr;
  return std::make_shared<AllowedTokens>(ResolveTokens(options.allowed, vocabulary, "allowed"), vocabulary.size());
}

}  // namespace sheepop
