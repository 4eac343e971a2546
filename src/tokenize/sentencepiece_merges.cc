#include "tokenize/sentencepiece_merges.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <unordered_map>

#include "base/error.h"
#include "base/utf8.h"

namespace sheepop {
namespace {

bool IsText(TokenKind kind) { return kind == TokenKind::kNormal || kind == TokenKind::kUserDefined; }

class TextIndex {
 public:
  explicit TextIndex(const PieceNames& pieces) : pieces_(pieces) {
    ids_.reserve(pieces.names.size());
    for (size_t i = 0; i < pieces.names.size(); ++i) {
      if (!IsText(pieces.kinds[i])) continue;
      // Each cut reads the piece: without a bound the time would grow with the square of a name.
      if (pieces.names[i].size() > kLongest) {
        throw Error(ErrorCategory::kLimit, "token {} has {} bytes, more than the {} that can be converted", i,
                    pieces.names[i].size(), kLongest);
      }
      ids_.emplace(pieces.names[i], i);
    }
  }

  static constexpr size_t kNone = SIZE_MAX, kLongest = 1024;

  size_t Find(std::string_view name) const {
    const auto found = ids_.find(name);
    return found == ids_.end() ? kNone : found->second;
  }

  // Calls `found` with the ids of both sides of each cut of piece `i`.
  template <typename Found>
  void Cuts(size_t i, const Found& found) const {
    const std::string_view name = pieces_.names[i];
    for (size_t at = DecodeUtf8(name).length; at < name.size(); at += DecodeUtf8(name.substr(at)).length) {
      const size_t left = Find(name.substr(0, at));
      const size_t right = left == kNone ? kNone : Find(name.substr(at));
      if (right != kNone) found(left, right);
    }
  }

  bool IsFirst(size_t i) const { return IsText(pieces_.kinds[i]) && Find(pieces_.names[i]) == i; }

 private:
  const PieceNames& pieces_;
  std::unordered_map<std::string_view, size_t> ids_;
};

}  // namespace

std::vector<PiecePair> MergesOfScores(const PieceNames& pieces, std::span<const double> scores) {
  const TextIndex index(pieces);
  std::vector<uint32_t> order(pieces.names.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  // NaN counts as the lowest, as in ScoredBpe.
  const auto score = [&](uint32_t i) { return scores[i] == scores[i] ? scores[i] : -INFINITY; };
  std::ranges::stable_sort(order, [&](uint32_t a, uint32_t b) { return score(a) > score(b); });
  std::vector<PiecePair> out;
  for (const uint32_t i : order) {
    if (!index.IsFirst(i)) continue;
    const size_t first = out.size();
    index.Cuts(i, [&](size_t left, size_t right) { out.push_back({pieces.names[left], pieces.names[right]}); });
    std::reverse(out.begin() + static_cast<ptrdiff_t>(first), out.end());
  }
  return out;
}

ScoredPieces ScoresOfMerges(const PieceNames& pieces, std::span<const PiecePair> merges) {
  const TextIndex index(pieces);
  const auto plain = [&](size_t i) { return pieces.kinds[i] == TokenKind::kNormal; };
  const size_t size = pieces.names.size();
  std::vector<size_t> place(size, TextIndex::kNone), count(size, 0);
  size_t next = 0, last = TextIndex::kNone;
  std::string joined;
  for (const PiecePair& merge : merges) {
    joined.assign(merge.left).append(merge.right);
    const size_t left = index.Find(merge.left), right = index.Find(merge.right), token = index.Find(joined);
    if (left == TextIndex::kNone || right == TextIndex::kNone || token == TextIndex::kNone) continue;
    // User-defined pieces are found whole before anything is merged, whatever their merges say.
    if (token != last && place[token] != TextIndex::kNone && plain(token)) {
      throw Error(ErrorCategory::kUnsupported,
                  "model.merges of tokenizer.json makes '{}' at ranks apart from each other, which the scores of a "
                  "GGUF file cannot say",
                  joined);
    }
    if (place[token] == TextIndex::kNone) place[token] = next++;
    last = token;
    count[token] += plain(left) && plain(right);
  }
  ScoredPieces out{std::vector<double>(size, 0), {pieces.kinds.begin(), pieces.kinds.end()}};
  for (size_t i = 0; i < size; ++i) {
    if (!IsText(pieces.kinds[i])) continue;
    out.scores[i] = -static_cast<double>(place[i] == TextIndex::kNone ? next : place[i]);
    if (!plain(i) || !index.IsFirst(i)) continue;
    size_t cuts = 0;
    index.Cuts(i, [&](size_t left, size_t right) { cuts += plain(left) && plain(right); });
    if (cuts == count[i]) continue;
    if (place[i] != TextIndex::kNone) {
      throw Error(ErrorCategory::kUnsupported,
                  "model.merges of tokenizer.json has {} of the {} ways to make '{}', a GGUF file has all or none",
                  count[i], cuts, pieces.names[i]);
    }
    out.kinds[i] = TokenKind::kUnused;
  }
  return out;
}

}  // namespace sheepop
