// A trie over byte strings: all keys that begin at a place in text, in one walk. Immutable once built, shared between
// threads. Built in time linear in the keys' bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace sheepop {

class ByteTrie {
 public:
  ByteTrie() = default;
  // Keys and their values, in any order; empty keys are ignored, of equal keys the first in the list stays.
  explicit ByteTrie(std::vector<std::pair<std::string_view, int32_t>> keys);

  bool empty() const { return nodes_.empty(); }
  bool MayBegin(char c) const { return first_[static_cast<uint8_t>(c)] != 0; }

  // Calls visit(length, value) for each key that `text` begins with, shortest first.
  template <class Visit>
  void VisitPrefixes(std::string_view text, Visit&& visit) const {
    if (text.empty() || empty()) return;
    uint32_t node = first_[static_cast<uint8_t>(text[0])];
    for (size_t length = 1; node != 0; ++length) {
      if (nodes_[node].value >= 0) visit(length, nodes_[node].value);
      if (length == text.size()) return;
      node = Child(node, static_cast<uint8_t>(text[length]));
    }
  }

 private:
  struct Node {
    int32_t value = -1;
    uint32_t children = 0;  // first of `count` consecutive nodes
    uint16_t count = 0;
    uint8_t label = 0;  // the byte that leads here
  };

  // Siblings stand in the order of their labels.
  uint32_t Child(uint32_t node, uint8_t byte) const {
    uint32_t low = nodes_[node].children, high = low + nodes_[node].count;
    while (low < high) {
      const uint32_t middle = (low + high) / 2;
      if (nodes_[middle].label < byte) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < nodes_[node].children + nodes_[node].count && nodes_[low].label == byte ? low : 0;
  }

  std::vector<Node> nodes_;  // the root is node 0
  std::array<uint32_t, 256> first_{};
};

}  // namespace sheepop
