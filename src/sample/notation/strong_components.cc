#include "sample/notation/strong_components.h"

#include <algorithm>

namespace sheepop::notation {

std::vector<std::vector<uint32_t>> StrongComponents(std::span<const std::vector<uint32_t>> edges) {
  constexpr uint32_t kUnseen = UINT32_MAX;
  struct Visit {
    uint32_t vertex;
    size_t edge;
  };
  std::vector<uint32_t> order(edges.size(), kUnseen), low(edges.size()), open;
  std::vector<bool> is_open(edges.size());
  std::vector<Visit> path;  // a stack of its own: chains of rules may be long
  std::vector<std::vector<uint32_t>> components;
  uint32_t seen = 0;
  const auto enter = [&](uint32_t vertex) {
    order[vertex] = low[vertex] = seen++;
    open.push_back(vertex);
    is_open[vertex] = true;
    path.push_back({vertex, 0});
  };
  const auto leave = [&](uint32_t vertex) {
    path.pop_back();
    if (!path.empty()) low[path.back().vertex] = std::min(low[path.back().vertex], low[vertex]);
    if (low[vertex] != order[vertex]) return;
    const auto first = std::find(open.rbegin(), open.rend(), vertex).base() - 1;
    components.emplace_back(first, open.end());
    open.erase(first, open.end());
    for (const uint32_t member : components.back()) is_open[member] = false;
  };
  for (uint32_t root = 0; root < edges.size(); ++root) {
    if (order[root] == kUnseen) enter(root);
    while (!path.empty()) {
      auto& [vertex, edge] = path.back();
      if (edge == edges[vertex].size()) {
        leave(vertex);
        continue;
      }
      const uint32_t next = edges[vertex][edge++];
      if (order[next] == kUnseen) {
        enter(next);
      } else if (is_open[next]) {
        low[vertex] = std::min(low[vertex], order[next]);
      }
    }
  }
  return components;
}

}  // namespace sheepop::notation
