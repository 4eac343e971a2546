#include "tokenize/learn/unigram_seeds.h"

#include <algorithm>
#include <map>

namespace sheepop {
namespace {

constexpr size_t kMostSuffixes = size_t{64} << 20;

bool BeginsCharacter(char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }

size_t Characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), BeginsCharacter));
}

// A text from one of its characters on, as far as a seed can reach.
struct Suffix {
  const char* begin;
  uint32_t size;
  uint32_t text;

  std::string_view View() const { return {begin, size}; }
  uint64_t Front() const {  // the first bytes, ordered as they are
    uint64_t value = 0;
    for (uint32_t i = 0; i < 8; ++i) value = value << 8 | (i < size ? static_cast<uint8_t>(begin[i]) : 0);
    return value;
  }
};

// The least count that leaves at most kMostSuffixes.
uint64_t LeastTextCount(std::span<const WeightedText> texts) {
  size_t all = 0;
  std::map<uint64_t, size_t> characters;  // of the texts by count
  for (const WeightedText& text : texts) {
    const size_t size = Characters(text.text);
    characters[text.count] += size;
    all += size;
  }
  uint64_t least = 0;
  for (auto at = characters.begin(); all > kMostSuffixes; ++at) {
    all -= at->second;
    least = at->first + 1;
  }
  return least;
}

class Finder {
 public:
  Finder(std::span<const WeightedText> texts, const SeedLimits& limits) : texts_(texts), limits_(limits) {}

  std::vector<Seed> Run(ThreadPool& pool) {
    Collect();
    Sort(pool);
    Walk();
    Keep();
    std::sort(seeds_.begin(), seeds_.end(), [](const Seed& a, const Seed& b) { return a.text < b.text; });
    return std::move(seeds_);
  }

 private:
  struct Node {  // the substrings that begin with the same `depth` bytes
    uint32_t depth;
    uint64_t count;
  };

  template <class Visit>
  void VisitSuffixes(const Visit& visit) const {
    const uint64_t least = LeastTextCount(texts_);
    for (size_t t = 0; t < texts_.size(); ++t) {
      const std::string_view text = texts_[t].text;
      if (texts_[t].count < least) continue;
      for (size_t begin = 0; begin < text.size(); ++begin) {
        if (BeginsCharacter(text[begin])) visit(text.substr(begin), static_cast<uint32_t>(t));
      }
    }
  }

  static size_t Bucket(std::string_view text) {
    return static_cast<size_t>(static_cast<uint8_t>(text[0])) << 8 |
           (text.size() > 1 ? static_cast<size_t>(static_cast<uint8_t>(text[1])) : 0);
  }

  uint32_t Reach(std::string_view text) const {
    size_t end = 0, characters = 0;
    while (end < text.size() && characters < limits_.most_characters) {
      size_t next = end + 1;
      while (next < text.size() && !BeginsCharacter(text[next])) ++next;
      if (next > UnigramLattice::kLongestPiece) break;
      end = next;
      ++characters;
    }
    return static_cast<uint32_t>(end);
  }

  void Collect() {
    buckets_.assign((1 << 16) + 1, 0);
    VisitSuffixes([&](std::string_view text, uint32_t) { ++buckets_[Bucket(text) + 1]; });
    for (size_t b = 1; b < buckets_.size(); ++b) buckets_[b] += buckets_[b - 1];
    suffixes_.resize(buckets_.back());
    std::vector<size_t> next(buckets_.begin(), buckets_.end() - 1);
    VisitSuffixes(
        [&](std::string_view text, uint32_t t) { suffixes_[next[Bucket(text)]++] = {text.data(), Reach(text), t}; });
  }

  void Sort(ThreadPool& pool) {
    pool.ParallelFor(buckets_.size() - 1, [&](size_t i, size_t) {
      const auto begin = suffixes_.begin();
      std::sort(begin + static_cast<std::ptrdiff_t>(buckets_[i]), begin + static_cast<std::ptrdiff_t>(buckets_[i + 1]),
                [](const Suffix& a, const Suffix& b) {
                  const uint64_t left = a.Front(), right = b.Front();
                  return left != right ? left < right : a.View() < b.View();
                });
    });
  }

  // Visits the inner nodes and leaves of the tree of suffixes, children first, as they come by on a stack.
  void Walk() {
    std::vector<Node> open = {{0, 0}};
    std::string_view last;
    for (const Suffix& suffix : suffixes_) {
      const std::string_view text = suffix.View();
      CloseDownTo(CommonCharacters(last, text), last, open);
      if (open.back().depth < text.size()) open.push_back({suffix.size, 0});
      open.back().count += texts_[suffix.text].count;
      last = text;
    }
    CloseDownTo(0, last, open);
  }

  static uint32_t CommonCharacters(std::string_view a, std::string_view b) {
    auto same = static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
    while (same > 0 &&
           ((same < a.size() && !BeginsCharacter(a[same])) || (same < b.size() && !BeginsCharacter(b[same]))))
      --same;
    return static_cast<uint32_t>(same);
  }

  void CloseDownTo(uint32_t depth, std::string_view last, std::vector<Node>& open) {
    while (open.back().depth > depth) {
      const Node node = open.back();
      open.pop_back();
      Offer({last.substr(0, node.depth), node.count});
      if (open.back().depth < depth) open.push_back({depth, 0});
      open.back().count += node.count;
    }
  }

  void Offer(const Seed& seed) {
    if (seed.count < limits_.least_count || Characters(seed.text) < 2) return;
    seeds_.push_back(seed);
    if (seeds_.size() >= 2 * limits_.most + 65536) Keep();
  }

  void Keep() {
    if (seeds_.size() <= limits_.most) return;
    const auto middle = seeds_.begin() + static_cast<std::ptrdiff_t>(limits_.most);
    std::nth_element(seeds_.begin(), middle, seeds_.end(), [](const Seed& a, const Seed& b) {
      const uint64_t left = a.count * Characters(a.text), right = b.count * Characters(b.text);
      return left != right ? left > right : a.text < b.text;
    });
    seeds_.erase(middle, seeds_.end());
  }

  std::span<const WeightedText> texts_;
  SeedLimits limits_;
  std::vector<size_t> buckets_;  // [65536 + 1] begins of the suffixes by their first two bytes
  std::vector<Suffix> suffixes_;
  std::vector<Seed> seeds_;
};

}  // namespace

std::vector<Seed> FindSeeds(std::span<const WeightedText> texts, const SeedLimits& limits, ThreadPool& pool) {
  return Finder(texts, limits).Run(pool);
}

}  // namespace sheepop
