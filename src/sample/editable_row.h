// A row of logits of which a few may be changed without copying it: a group of 64 is copied the first time one of its
// logits changes. Reads what LogitRow points at, so the row must stay alive. One thread at a time; reuse one object for
// many rows, it keeps its buffers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/token.h"
#include "kernel/select.h"
#include "sample/logit_row.h"

namespace sheepop {

class EditableRow {
 public:
  explicit EditableRow(const kernel::SelectKernels& select) : select_(&select) {}

  void Reset(const LogitRow& row);

  size_t size() const { return size_; }  // of the vocabulary
  float logit(Token token) const;
  void Set(Token token, float logit);
  // Removes every token whose bit is clear. mask: [ceil(vocabulary / 64)], bit i of word g is token 64 g + i.
  void KeepOnly(std::span<const uint64_t> mask);

  float best() const;  // the greatest logit; -infinity when no candidate is left

  // The k-th greatest of the group maxima: at least k logits are as great. -infinity if there are fewer groups.
  float KthMaximum(size_t k) const;

  // Appends the keys of all logits >= threshold to `keys`, in no particular order. False, with some of them missing,
  // when there are more than `limit`.
  bool Gather(float threshold, size_t limit, std::vector<uint64_t>& keys) const;
  // Appends keys of logits >= threshold that include the `count` lowest ids among them, or all if there are fewer.
  void GatherFirst(float threshold, size_t count, std::vector<uint64_t>& keys) const;
  uint64_t Mass(kernel::WeightScale scale) const;
  void Histogram(kernel::WeightScale scale, std::span<kernel::SelectBucket> buckets) const;
  // `keys` becomes the keys of one bucket; `count` is what the histogram says of it.
  void GatherBucket(kernel::WeightScale scale, uint32_t bucket, size_t count, std::vector<uint64_t>& keys) const;

  // visit(token, logit) for every candidate, in the order of ids.
  template <class Visit>
  void ForEach(Visit visit) const {
    for (size_t g = 0; g < groups_; ++g) {
      const float* group = Group(g);
      for (size_t i = 0; group && i < kernel::kSelectGroup; ++i) {
        if (group[i] >= std::numeric_limits<float>::lowest()) {
          visit(static_cast<Token>(g * kernel::kSelectGroup + i), group[i]);
        }
      }
    }
  }

  const kernel::SelectKernels& select() const { return *select_; }

 private:
  static constexpr int32_t kUntouched = -1;
  static constexpr int32_t kRemoved = -2;

  kernel::LogitGroups Base() const { return {logits_, base_maxima_, groups_}; }
  kernel::LogitGroups Pages() const { return {pages_.data(), page_maxima_.data(), page_maxima_.size()}; }
  const float* Group(size_t g) const;  // null when removed
  void OwnMaxima();
  float* Touch(size_t g);
  void PlacesToIds(std::span<uint64_t> keys) const;

  const kernel::SelectKernels* select_;
  const float* logits_ = nullptr;       // [vocabulary]
  const float* base_maxima_ = nullptr;  // [groups]; -infinity for groups that were touched
  size_t size_ = 0;
  size_t groups_ = 0;
  std::vector<float> own_maxima_;     // [groups], once anything was touched
  std::vector<int32_t> page_of_;      // [groups], likewise
  std::vector<float> pages_;          // [pages, 64]: the touched groups
  std::vector<float> page_maxima_;    // [pages]
  std::vector<uint32_t> page_group_;  // [pages]: which group a page is
  mutable std::vector<float> best_maxima_;
};

}  // namespace sheepop
