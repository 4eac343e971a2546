// The strongly connected components of a directed graph, in linear time: Tarjan, "Depth-first search and linear graph
// algorithms", SIAM J. Comput. 1 (1972).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sheepop::notation {

// edges[v] are the vertices that v leads to. A component comes behind all that it leads to.
std::vector<std::vector<uint32_t>> StrongComponents(std::span<const std::vector<uint32_t>> edges);

}  // namespace sheepop::notation
