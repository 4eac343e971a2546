#include "ingest/compare/near_duplicates.h"

namespace sheepop {
namespace {

// Members of a bucket that later ones are compared with. More find little more and cost a pair each.
constexpr size_t kLeaders = 3;

}  // namespace

void NearDuplicates::Add(uint64_t id, std::span<const uint32_t> bands) {
  for (size_t b = 0; b < bands.size(); ++b) bands_.Add({uint64_t{b} << 32 | bands[b], id});
}

void NearDuplicates::Finish() {
  bands_.Sort();
  std::vector<uint64_t> leaders;
  uint64_t key = ~uint64_t{0};
  BandEntry entry;
  while (bands_.Next(entry)) {
    if (entry.key != key) {
      key = entry.key;
      leaders.clear();
    }
    bool same_group = false;
    for (const uint64_t leader : leaders) {
      if (leader >> group_bits_ == entry.id >> group_bits_) {
        same_group = true;
      } else {
        pairs_.Add({entry.id, leader});
      }
    }
    if (!same_group && leaders.size() < kLeaders) leaders.push_back(entry.id);
  }
  pairs_.Sort();
  has_pending_ = pairs_.Next(pending_);
}

bool NearDuplicates::Next(Pair& pair, size_t& equal) {
  while (has_pending_) {
    pair = pending_;
    equal = 0;
    while (has_pending_ && pending_ == pair) {
      ++equal;
      has_pending_ = pairs_.Next(pending_);
    }
    if (equal >= match_) return true;
  }
  return false;
}

}  // namespace sheepop
