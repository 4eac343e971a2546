#include "tokenize/unigram_lattice.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sheepop {
namespace {

// Probabilities of long texts leave the range of double, so sums are kept times 2^(kShift * shifts). All sums that are
// still in use lie less than a piece apart, hence in one such window.
constexpr int kShift = 512;
const double kSmall = std::ldexp(1.0, -kShift / 2);

// Multiplies `window` up when all of it is small; whether it was.
bool Rescale(std::span<double> window) {
  if (*std::max_element(window.begin(), window.end()) >= kSmall) return false;
  for (double& sum : window) sum = std::ldexp(sum, kShift);
  return true;
}

}  // namespace

UnigramLattice::UnigramLattice(std::span<const std::string_view> pieces, std::vector<double> scores) {
  std::vector<std::pair<std::string_view, int32_t>> keys;
  keys.reserve(pieces.size());
  for (const std::string_view piece : pieces) keys.emplace_back(piece, static_cast<int32_t>(keys.size()));
  trie_ = ByteTrie(std::move(keys));
  SetScores(std::move(scores));
}

void UnigramLattice::SetScores(std::vector<double> scores) {
  scores_ = std::move(scores);
  probabilities_.resize(scores_.size());
  std::transform(scores_.begin(), scores_.end(), probabilities_.begin(), [](double score) { return std::exp(score); });
}

// Fills edges, in the order of their begins, forward and shifts; the logarithm of the text's probability.
double UnigramLattice::Forward(std::string_view text, Workspace& work) const {
  const size_t size = text.size();
  std::vector<double>& forward = work.forward;
  forward.assign(size + 1, 0);
  work.shifts.assign(size + 1, 0);
  work.edges.clear();
  forward[0] = 1;
  int32_t shift = 0;
  for (size_t begin = 0; begin <= size; ++begin) {
    if (forward[begin] == 0) continue;
    if (forward[begin] < kSmall) {
      const size_t end = std::min(size + 1, begin + kLongestPiece + 1);
      if (Rescale({forward.data() + begin, end - begin})) ++shift;
    }
    work.shifts[begin] = shift;
    if (begin == size) break;
    const double so_far = forward[begin];
    trie_.VisitPrefixes(text.substr(begin), [&](size_t length, int32_t piece) {
      forward[begin + length] += so_far * probabilities_[static_cast<size_t>(piece)];
      work.edges.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(begin + length), piece});
    });
  }
  return std::log(forward[size]) - work.shifts[size] * kShift * std::log(2.0);
}

double UnigramLattice::AddExpected(const WeightedText& text, std::span<double> expected, Workspace& work) const {
  const double log_probability = Forward(text.text, work);
  const size_t size = text.text.size();
  const auto count = static_cast<double>(text.count);
  const double weight = count / work.forward[size];
  const int32_t all = work.shifts[size];
  std::vector<double>& backward = work.backward;
  backward.assign(size + 1, 0);
  backward[size] = 1;
  int32_t shift = 0;
  for (size_t i = work.edges.size(); i-- > 0;) {
    const Workspace::Edge& edge = work.edges[i];
    const double rest = probabilities_[static_cast<size_t>(edge.piece)] * backward[edge.end];
    backward[edge.begin] += rest;
    const int32_t apart = all - work.shifts[edge.begin] - shift;
    const double part = work.forward[edge.begin] * rest * weight;
    expected[static_cast<size_t>(edge.piece)] += apart == 0 ? part : std::ldexp(part, apart * kShift);
    const bool last = i == 0 || work.edges[i - 1].begin != edge.begin;
    if (!last || backward[edge.begin] >= kSmall) continue;
    const size_t end = std::min(size + 1, size_t{edge.begin} + kLongestPiece + 1);
    if (Rescale({backward.data() + edge.begin, end - edge.begin})) ++shift;
  }
  return count * log_probability;
}

void UnigramLattice::Best(std::string_view text, int32_t without, std::vector<int32_t>& reversed,
                          Workspace& work) const {
  constexpr double kUnreached = -std::numeric_limits<double>::infinity();
  const size_t size = text.size();
  reversed.clear();
  work.forward.assign(size + 1, kUnreached);
  work.starts.assign(size + 1, 0);
  work.pieces.assign(size + 1, -1);
  work.forward[0] = 0;
  for (size_t begin = 0; begin < size; ++begin) {
    const double so_far = work.forward[begin];
    if (so_far == kUnreached) continue;
    trie_.VisitPrefixes(text.substr(begin), [&](size_t length, int32_t piece) {
      const size_t end = begin + length;
      const double score = so_far + scores_[static_cast<size_t>(piece)];
      if (piece == without || score <= work.forward[end]) return;
      work.forward[end] = score;
      work.starts[end] = static_cast<uint32_t>(begin);
      work.pieces[end] = piece;
    });
  }
  if (work.forward[size] == kUnreached) return;
  for (size_t end = size; end > 0; end = work.starts[end]) reversed.push_back(work.pieces[end]);
}

}  // namespace sheepop
