#include "base/did_you_mean.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace sheepop {
namespace {

char Folded(char c) {
  if (c == '-') return '_';
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Levenshtein's distance; capitals and the kind of dash do not count.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (Folded(a[i]) != Folded(b[j]));
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string DidYouMean(std::string_view name, std::span<const std::string_view> known) {
  constexpr size_t kLongestName = 64;
  if (name.size() > kLongestName) return "";
  std::string_view nearest;
  size_t least = name.size() / 3 + 1;  // a third of the letters may be wrong
  // "--out" is the beginning of "--output", however near "--run" is.
  constexpr size_t kTelling = 3;
  const size_t letters = name.size() - std::min(name.find_first_not_of('-'), name.size());
  for (std::string_view candidate : known) {
    if (letters >= kTelling && candidate.starts_with(name)) return fmt::format(", did you mean {}?", candidate);
  }
  for (std::string_view candidate : known) {
    const size_t distance = Distance(name, candidate);
    if (distance <= least && (nearest.empty() || distance < least)) {
      nearest = candidate;
      least = distance;
    }
  }
  return nearest.empty() ? "" : fmt::format(", did you mean {}?", nearest);
}

}  // namespace sheepop
