// All ways to spell a text with the pieces of a unigram model, each weighed by the product of its pieces' probabilities
// (Kudo 2018, https://arxiv.org/abs/1804.10959). Immutable but for SetScores, shared between threads; the workspace is
// the caller's.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/byte_trie.h"

namespace sheepop {

struct WeightedText {
  std::string_view text;
  uint64_t count = 0;
};

class UnigramLattice {
 public:
  // Each piece has at most this many bytes.
  static constexpr size_t kLongestPiece = 64;

  class alignas(64) Workspace {
    friend class UnigramLattice;
    struct Edge {
      uint32_t begin, end;
      int32_t piece;
    };
    std::vector<Edge> edges;
    std::vector<double> forward, backward;  // [bytes + 1]
    std::vector<int32_t> shifts;            // [bytes + 1]
    std::vector<uint32_t> starts;           // [bytes + 1]
    std::vector<int32_t> pieces;            // [bytes + 1]
  };

  UnigramLattice() = default;
  // scores: natural logarithms of the probabilities. Pieces are distinct, not empty, and may be in any order.
  UnigramLattice(std::span<const std::string_view> pieces, std::vector<double> scores);

  void SetScores(std::vector<double> scores);  // [pieces]
  const std::vector<double>& scores() const { return scores_; }

  // Adds to `expected` [pieces] how often each piece is expected in the text, over all spellings, times the count.
  // Returns the logarithm of the text's probability times the count. The text has a spelling.
  double AddExpected(const WeightedText& text, std::span<double> expected, Workspace& work) const;

  // The most probable spelling, the last piece first; of equal ones that whose last piece is longest. `without` names a
  // piece that is not to be used, -1 none. Empty when there is no spelling.
  void Best(std::string_view text, int32_t without, std::vector<int32_t>& reversed, Workspace& work) const;

 private:
  double Forward(std::string_view text, Workspace& work) const;

  ByteTrie trie_;
  std::vector<double> scores_, probabilities_;  // [pieces]
};

}  // namespace sheepop
