#include "sample/editable_row.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <functional>

namespace sheepop {
namespace {

using kernel::kSelectGroup;
constexpr float kNone = -std::numeric_limits<float>::infinity();

// Sixteen running maxima let the compiler use vectors without reordering one sequence of comparisons.
float Greatest(std::span<const float> values) {
  float lanes[16];
  std::fill(std::begin(lanes), std::end(lanes), kNone);
  size_t i = 0;
  for (; i + 16 <= values.size(); i += 16) {
    for (size_t lane = 0; lane < 16; ++lane) lanes[lane] = std::max(lanes[lane], values[i + lane]);
  }
  for (; i < values.size(); ++i) lanes[0] = std::max(lanes[0], values[i]);
  return *std::max_element(std::begin(lanes), std::end(lanes));
}

}  // namespace

void EditableRow::Reset(const LogitRow& row) {
  logits_ = row.logits.data();
  size_ = row.logits.size();
  groups_ = kernel::SelectGroups(size_);
  pages_.clear();
  page_maxima_.clear();
  page_group_.clear();
  page_of_.clear();
  const size_t whole = size_ / kSelectGroup;
  if (row.group_maxima.empty()) {
    own_maxima_.resize(groups_);
    select_->group_maxima(logits_, whole * kSelectGroup, own_maxima_.data());
    base_maxima_ = own_maxima_.data();
  } else {
    assert(row.group_maxima.size() == groups_);
    base_maxima_ = row.group_maxima.data();
  }
  // A last group of fewer than 64 becomes a page, so that every pass reads whole groups.
  if (whole < groups_) Touch(whole);
}

const float* EditableRow::Group(size_t g) const {
  if (page_of_.empty() || page_of_[g] == kUntouched) return logits_ + g * kSelectGroup;
  return page_of_[g] == kRemoved ? nullptr : &pages_[static_cast<size_t>(page_of_[g]) * kSelectGroup];
}

float EditableRow::logit(Token token) const {
  const auto id = static_cast<size_t>(token);
  const float* group = Group(id / kSelectGroup);
  const float logit = group ? group[id % kSelectGroup] : kNone;
  return logit >= std::numeric_limits<float>::lowest() ? logit : kNone;
}

void EditableRow::OwnMaxima() {
  if (!page_of_.empty()) return;
  page_of_.assign(groups_, kUntouched);
  if (base_maxima_ == own_maxima_.data()) return;
  own_maxima_.assign(base_maxima_, base_maxima_ + groups_);
  base_maxima_ = own_maxima_.data();
}

float* EditableRow::Touch(size_t g) {
  OwnMaxima();
  if (page_of_[g] == kUntouched) {
    const size_t page = page_group_.size();
    const size_t begin = g * kSelectGroup;
    const size_t count = std::min(kSelectGroup, size_ - begin);
    page_of_[g] = static_cast<int32_t>(page);
    page_group_.push_back(static_cast<uint32_t>(g));
    pages_.resize((page + 1) * kSelectGroup, kNone);
    std::memcpy(&pages_[page * kSelectGroup], logits_ + begin, count * sizeof(float));
    page_maxima_.push_back(kNone);
    select_->group_maxima(&pages_[page * kSelectGroup], kSelectGroup, &page_maxima_[page]);
    own_maxima_[g] = kNone;
  }
  return &pages_[static_cast<size_t>(page_of_[g]) * kSelectGroup];
}

void EditableRow::Set(Token token, float logit) {
  const auto id = static_cast<size_t>(token);
  const size_t g = id / kSelectGroup;
  OwnMaxima();
  if (page_of_[g] == kRemoved) return;
  float* group = Touch(g);
  group[id % kSelectGroup] = logit;
  select_->group_maxima(group, kSelectGroup, &page_maxima_[static_cast<size_t>(page_of_[g])]);
}

void EditableRow::KeepOnly(std::span<const uint64_t> mask) {
  assert(mask.size() == groups_);
  OwnMaxima();
  for (size_t g = 0; g < groups_; ++g) {
    if (mask[g] == ~uint64_t{0} || page_of_[g] == kRemoved) continue;
    if (mask[g] == 0) {
      if (page_of_[g] >= 0) {
        const auto page = static_cast<size_t>(page_of_[g]);
        std::fill_n(&pages_[page * kSelectGroup], kSelectGroup, kNone);
        page_maxima_[page] = kNone;
      } else {
        page_of_[g] = kRemoved;
        own_maxima_[g] = kNone;
      }
      continue;
    }
    float* group = Touch(g);
    for (size_t i = 0; i < kSelectGroup; ++i) {
      if (!(mask[g] >> i & 1)) group[i] = kNone;
    }
    select_->group_maxima(group, kSelectGroup, &page_maxima_[static_cast<size_t>(page_of_[g])]);
  }
}

float EditableRow::best() const { return std::max(Greatest({base_maxima_, groups_}), Greatest(page_maxima_)); }

float EditableRow::KthMaximum(size_t k) const {
  best_maxima_.clear();
  float threshold = kNone;
  const auto visit = [&](std::span<const float> maxima) {
    for (float maximum : maxima) {
      if (!(maximum > threshold)) continue;
      best_maxima_.push_back(maximum);
      if (best_maxima_.size() < 2 * k + 16) continue;
      std::nth_element(best_maxima_.begin(), best_maxima_.begin() + static_cast<std::ptrdiff_t>(k - 1),
                       best_maxima_.end(), std::greater<>());
      best_maxima_.resize(k);
      threshold = best_maxima_[k - 1];
    }
  };
  visit({base_maxima_, groups_});
  visit(page_maxima_);
  if (best_maxima_.size() < k) return kNone;
  std::nth_element(best_maxima_.begin(), best_maxima_.begin() + static_cast<std::ptrdiff_t>(k - 1), best_maxima_.end(),
                   std::greater<>());
  return best_maxima_[k - 1];
}

// Keys from pages carry positions among the pages.
void EditableRow::PlacesToIds(std::span<uint64_t> keys) const {
  for (uint64_t& key : keys) {
    const uint32_t place = kernel::KeyId(key);
    const uint32_t id = page_group_[place / kSelectGroup] * static_cast<uint32_t>(kSelectGroup) + place % kSelectGroup;
    key = kernel::OrderKey(kernel::KeyLogit(key), id);
  }
}

bool EditableRow::Gather(float threshold, size_t limit, std::vector<uint64_t>& keys) const {
  const size_t first = keys.size();
  keys.resize(first + limit + kSelectGroup);
  const size_t count = select_->gather(Base(), threshold, limit, keys.data() + first);
  keys.resize(first + count);
  if (count > limit || page_group_.empty()) return count <= limit;
  const size_t middle = keys.size();
  keys.resize(middle + (limit - count) + kSelectGroup);
  const size_t paged = select_->gather(Pages(), threshold, limit - count, keys.data() + middle);
  keys.resize(middle + paged);
  PlacesToIds(std::span(keys).subspan(middle));
  return count + paged <= limit;
}

void EditableRow::GatherFirst(float threshold, size_t count, std::vector<uint64_t>& keys) const {
  const size_t first = keys.size();
  keys.resize(first + count + kSelectGroup);
  keys.resize(first + select_->gather(Base(), threshold, count, keys.data() + first));
  // All of the pages, which stand in the order of their first change.
  const size_t middle = keys.size();
  keys.resize(middle + pages_.size() + kSelectGroup);
  keys.resize(middle + select_->gather(Pages(), threshold, pages_.size(), keys.data() + middle));
  PlacesToIds(std::span(keys).subspan(middle));
}

uint64_t EditableRow::Mass(kernel::WeightScale scale) const {
  return select_->mass(Base(), scale) + select_->mass(Pages(), scale);
}

void EditableRow::Histogram(kernel::WeightScale scale, std::span<kernel::SelectBucket> buckets) const {
  std::fill(buckets.begin(), buckets.end(), kernel::SelectBucket{});
  select_->histogram(Base(), scale, buckets.data());
  select_->histogram(Pages(), scale, buckets.data());
}

void EditableRow::GatherBucket(kernel::WeightScale scale, uint32_t bucket, size_t count,
                               std::vector<uint64_t>& keys) const {
  keys.resize(count);
  const size_t unpaged = select_->gather_bucket(Base(), scale, bucket, keys.data());
  select_->gather_bucket(Pages(), scale, bucket, keys.data() + unpaged);
  PlacesToIds(std::span(keys).subspan(unpaged));
}

}  // namespace sheepop
