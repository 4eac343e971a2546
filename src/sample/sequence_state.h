// What one sequence brings to its next draw: the tokens so far, the key of its random numbers, and the memory of steps
// that have any. One thread at a time. Holds the buffers of sampling, a few kilobytes (a few bytes per vocabulary entry
// for flat distributions), so keep it as long as the sequence.
#pragma once

#include <any>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/philox.h"
#include "base/token.h"
#include "sample/candidates.h"

namespace sheepop {

class SequenceState {
 public:
  // `sequence` tells apart texts drawn with one seed: n best of one prompt, users of one server.
  SequenceState(uint64_t seed, uint32_t sequence, std::span<const Token> prompt);

  uint64_t seed() const { return seed_; }
  uint32_t sequence() const { return sequence_; }
  std::span<const Token> tokens() const { return tokens_; }  // prompt, then output
  std::span<const Token> output() const { return std::span(tokens_).subspan(prompt_length_); }
  size_t prompt_length() const { return prompt_length_; }
  size_t position() const { return tokens_.size(); }  // of the token that comes next
  const std::unordered_map<Token, uint32_t>& output_counts() const { return output_counts_; }

  // The last n tokens, n < 0 meaning all.
  std::span<const Token> Last(int64_t n) const { return LastOf(tokens(), n); }
  std::span<const Token> LastOutput(int64_t n) const { return LastOf(output(), n); }

  // Appends to the output. Chain::Sample has done so with the token it returns.
  void Accept(Token token);

  // The random number of this position; depends on nothing else.
  double Random(RandomLane lane) const { return RandomUnit(seed_, sequence_, position(), lane); }

  // What the step of this name remembers of the sequence, in a type of its own; null before it has kept anything.
  // Copies of the state have copies of it.
  template <class Memory>
  const Memory* Recall(std::string_view step) const {
    const auto slot = memories_.find(step);
    return slot == memories_.end() ? nullptr : std::any_cast<Memory>(&slot->second);
  }
  // The same to write to; `initial` where there is none. A step always keeps the same type.
  template <class Memory>
  Memory& Keep(std::string_view step, Memory initial) {
    return *std::any_cast<Memory>(&memories_.try_emplace(step, std::move(initial)).first->second);
  }

  Candidates& Workspace(const kernel::SelectKernels& select);

 private:
  static std::span<const Token> LastOf(std::span<const Token> tokens, int64_t n);

  uint64_t seed_;
  uint32_t sequence_;
  size_t prompt_length_;
  std::vector<Token> tokens_;
  std::unordered_map<Token, uint32_t> output_counts_;
  std::map<std::string_view, std::any> memories_;  // by step; the names live as long as the program
  std::optional<Candidates> candidates_;
};

}  // namespace sheepop
