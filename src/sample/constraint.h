// A grammar over a vocabulary: which tokens may follow. What is found out is kept and shared by all sequences that follow
// the same constraint. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_set.h"
#include "sample/grammar/automaton.h"
#include "sample/token_table.h"

namespace sheepop {

class Constraint {
 public:
  // Where a sequence is. A value; what it says depends on the bytes so far alone.
  struct Position {
    std::string bytes;
    uint32_t state = 0;
    uint64_t epoch = UINT64_MAX;  // `state` is valid in this one
  };

  Constraint(std::unique_ptr<grammar::Grammar> grammar, grammar::Symbol start, std::shared_ptr<const TokenTable> table);
  ~Constraint();

  // Appends as many of the bytes as fit, and says how many that were.
  size_t Advance(Position& position, std::string_view bytes) const;
  bool Accepts(const Position& position) const;     // whether the text may end here
  ByteSet Allowed(const Position& position) const;  // the bytes that may follow

  // The tokens that may follow; those that end a text where it may end. Empty where nothing may.
  std::shared_ptr<const TokenMask> Mask(const Position& position) const;

  // Masks are made again from now on; the automaton stays. For whoever takes their time.
  void ForgetMasks() const;

  // The bytes that must follow whatever is drawn, at most `most`; where the text may end as well, none must.
  std::string Forced(const Position& position, size_t most) const;

  // The rules being followed there, for people.
  std::vector<std::string> Following(const Position& position) const;

  const TokenTable& table() const { return *table_; }
  struct Counts {
    size_t masks_made = 0, masks_found = 0;
    size_t bytes = 0;     // of states, masks and the grammar
    bool failed = false;  // a bound was met; it may be met again
  };
  Counts counts() const;

 private:
  struct Body;
  std::shared_ptr<const TokenTable> table_;
  std::unique_ptr<Body> body_;
};

}  // namespace sheepop
