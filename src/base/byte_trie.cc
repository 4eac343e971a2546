#include "base/byte_trie.h"

#include <algorithm>

namespace sheepop {

ByteTrie::ByteTrie(std::vector<std::pair<std::string_view, int32_t>> keys) {
  std::stable_sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  keys.erase(std::unique(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.first == b.first; }),
             keys.end());
  if (!keys.empty() && keys.front().first.empty()) keys.erase(keys.begin());
  if (keys.empty()) return;

  // Breadth first, so that siblings are consecutive: each pending node covers the keys [begin, end) that share its path.
  struct Pending {
    uint32_t node;
    size_t begin, end, depth;
  };
  nodes_.emplace_back();
  std::vector<Pending> pending = {{0, 0, keys.size(), 0}};
  for (size_t i = 0; i < pending.size(); ++i) {
    const Pending p = pending[i];
    size_t k = p.begin;
    if (keys[k].first.size() == p.depth && p.depth > 0) nodes_[p.node].value = keys[k++].second;
    nodes_[p.node].children = static_cast<uint32_t>(nodes_.size());
    while (k < p.end) {
      const auto label = static_cast<uint8_t>(keys[k].first[p.depth]);
      size_t end = k + 1;
      while (end < p.end && static_cast<uint8_t>(keys[end].first[p.depth]) == label) ++end;
      pending.push_back({static_cast<uint32_t>(nodes_.size()), k, end, p.depth + 1});
      nodes_.push_back({-1, 0, 0, label});
      ++nodes_[p.node].count;
      k = end;
    }
  }
  for (uint32_t child = nodes_[0].children; child < nodes_[0].children + nodes_[0].count; ++child) {
    first_[nodes_[child].label] = child;
  }
}

}  // namespace sheepop
