// Finds items that agree in enough MinHash bands, however many items there are.
#pragma once

#include <cstdint>
#include <span>

#include "ingest/external_sorter.h"

namespace sheepop {

class NearDuplicates {
 public:
  // `match`: equal bands that make a pair. Items with equal (id >> group_bits) are never paired: the paragraphs of one
  // document.
  NearDuplicates(WorkFolder& work, size_t match, unsigned group_bits)
      : match_(match), group_bits_(group_bits), bands_(work), pairs_(work) {}

  void Add(uint64_t id, std::span<const uint32_t> bands);

  // After all Adds: each pair (id, an earlier one that it resembles), ascending by id, then by the other.
  void Finish();
  struct Pair {
    uint64_t id, earlier;
    auto operator<=>(const Pair&) const = default;
  };
  bool Next(Pair& pair, size_t& equal);  // `equal`: bands that agree, at least `match`

 private:
  struct BandEntry {
    uint64_t key;  // band number and hash
    uint64_t id;
    auto operator<=>(const BandEntry&) const = default;
  };

  size_t match_;
  unsigned group_bits_;
  ExternalSorter<BandEntry> bands_;
  ExternalSorter<Pair> pairs_;
  Pair pending_{};
  bool has_pending_ = false;
};

}  // namespace sheepop
