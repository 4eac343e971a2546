// Removes every token but some.
#pragma once

#include <cstdint>
#include <vector>

#include "sample/step.h"

namespace sheepop {

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

}  // namespace sheepop
