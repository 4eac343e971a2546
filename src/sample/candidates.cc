#include "sample/candidates.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <iterator>

#include "sample/prefix.h"
#include "sample/real_math.h"

namespace sheepop {
namespace {

constexpr float kLargest = std::numeric_limits<float>::max();
constexpr double kFirstWindow = 4;  // nats below the best; holds most of the mass of a peaked distribution
constexpr double kWindowGrowth = 1.6;

// The smallest float that is not below x.
float FloatAtLeast(double x) {
  if (x <= -kLargest) return -kLargest;
  const auto rounded = static_cast<float>(x);
  return rounded < x ? std::nextafter(rounded, std::numeric_limits<float>::infinity()) : rounded;
}

Candidate FromKey(uint64_t key) { return {static_cast<Token>(kernel::KeyId(key)), kernel::KeyLogit(key)}; }

uint64_t KeyOf(const Candidate& candidate) {
  return kernel::OrderKey(candidate.logit, static_cast<uint32_t>(candidate.token));
}

// The key below which every logit is less than this one.
constexpr uint64_t FloorKey(float logit) { return kernel::OrderKey(logit, ~uint32_t{0}); }

constexpr uint64_t kWholeRow = FloorKey(-kLargest);

}  // namespace

void Candidates::Reset(const LogitRow& row) {
  row_.Reset(row);
  temperature_ = 1;
  is_list_ = false;
  cut_ = kWholeRow;
  list_.clear();
  best_.reset();
  Changed();
}

void Candidates::Changed() {
  window_is_sorted_ = false;
  mass_.reset();
  count_.reset();
  histogram_known_ = false;
}

float Candidates::best() const {
  if (is_list_) return list_.empty() ? -std::numeric_limits<float>::infinity() : kernel::KeyLogit(list_.front());
  if (!best_) best_ = row_.best();
  return *best_;
}

kernel::WeightScale Candidates::Scale() const {
  const double inverse = std::clamp(1 / temperature_, 1e-30, 1e30);
  return {std::min(best(), kLargest), static_cast<float>(inverse)};
}

std::vector<uint32_t> Candidates::Weights(std::span<const uint64_t> keys) const {
  std::vector<float> logits(keys.size());
  std::transform(keys.begin(), keys.end(), logits.begin(), kernel::KeyLogit);
  std::vector<uint32_t> weights(keys.size());
  row_.select().weights(logits.data(), logits.size(), Scale(), weights.data());
  return weights;
}

const std::vector<kernel::SelectBucket>& Candidates::Histogram() const {
  if (!histogram_known_) {
    histogram_.resize(kernel::kSelectBuckets);
    row_.Histogram(Scale(), histogram_);
    histogram_known_ = true;
  }
  return histogram_;
}

uint64_t Candidates::Mass() const {
  if (mass_) return *mass_;
  if (is_list_) {
    uint64_t sum = 0;
    for (uint32_t weight : Weights(list_)) sum += weight;
    mass_ = sum;
  } else if (cut_ > kWholeRow) {
    mass_ = PrefixDownTo(cut_).mass;
  } else {
    mass_ = row_.Mass(Scale());
  }
  return *mass_;
}

size_t Candidates::Count() const {
  if (is_list_) return list_.size();
  if (!count_) count_ = empty() ? 0 : PrefixDownTo(cut_).count;
  return *count_;
}

// Row form: everything with a key >= `key`, whatever the cut.
Prefix Candidates::PrefixDownTo(uint64_t key) const {
  const kernel::WeightScale scale = Scale();
  const auto& histogram = Histogram();
  const uint32_t last = key > kWholeRow ? kernel::BucketOf(kernel::KeyLogit(key), scale) : kernel::kSelectBuckets;
  Prefix prefix{key, 0, 0};
  for (uint32_t b = 0; b < last; ++b) {
    prefix.count += histogram[b].count;
    prefix.mass += histogram[b].mass;
  }
  if (last == kernel::kSelectBuckets) return prefix;
  window_is_sorted_ = false;
  row_.GatherBucket(scale, last, histogram[last].count, window_);
  std::erase_if(window_, [&](uint64_t other) { return other < key; });
  prefix.count += window_.size();
  for (uint32_t weight : Weights(window_)) prefix.mass += weight;
  return prefix;
}

Prefix Candidates::HistogramPrefix(uint64_t target, Measure measure) const {
  const auto& histogram = Histogram();
  Prefix before;
  uint32_t bucket = 0;
  uint32_t last_used = 0;
  uint64_t reached = 0;
  for (; bucket < kernel::kSelectBuckets; ++bucket) {
    if (histogram[bucket].count == 0) continue;
    last_used = bucket;
    const uint64_t more = measure == Measure::kCount ? histogram[bucket].count : histogram[bucket].mass;
    if (reached + more >= target) break;
    reached += more;
    before.count += histogram[bucket].count;
    before.mass += histogram[bucket].mass;
  }
  if (bucket == kernel::kSelectBuckets) {  // fewer than wanted: all of them
    before.count -= histogram[last_used].count;
    before.mass -= histogram[last_used].mass;
    reached = 0;
    target = std::numeric_limits<uint64_t>::max();
    bucket = last_used;
  }
  window_is_sorted_ = false;
  row_.GatherBucket(Scale(), bucket, histogram[bucket].count, window_);
  Prefix prefix = SelectPrefix(window_, target - reached, measure == Measure::kCount, row_.select(), Scale());
  prefix.count += before.count;
  prefix.mass += before.mass;
  return prefix;
}

// The best `count`, and perhaps others; false when there are too many.
bool Candidates::GatherBest(size_t count) const {
  if (count > kListLimit) return false;
  const float threshold = row_.KthMaximum(count);
  if (!(threshold >= -kLargest)) return false;
  window_.clear();
  if (row_.Gather(threshold, kListLimit, window_)) return true;
  // When many are equal to the threshold, those of lower ids come first, and the rest need not be seen. Compared as
  // keys, because denormal numbers may compare as 0.
  const uint64_t equal = FloorKey(threshold) >> 32;
  window_.clear();
  row_.GatherFirst(threshold, count, window_);
  std::erase_if(window_, [&](uint64_t key) { return key >> 32 != equal; });
  std::vector<uint64_t> greater;
  if (!row_.Gather(std::nextafter(threshold, std::numeric_limits<float>::infinity()), kListLimit, greater))
    return false;
  std::copy_if(greater.begin(), greater.end(), std::back_inserter(window_),
               [&](uint64_t key) { return key >> 32 > equal; });
  return window_.size() >= count;
}

// The best that together weigh `mass`, and perhaps others; false when there are too many.
bool Candidates::GatherHeaviest(uint64_t mass) const {
  for (double nats = kFirstWindow; nats < 2 * kernel::kWeightlessNats; nats *= kWindowGrowth) {
    window_.clear();
    if (!row_.Gather(FloatAtLeast(Scale().best - nats * temperature_), kListLimit, window_)) return false;
    uint64_t sum = 0;
    for (uint32_t weight : Weights(window_)) sum += weight;
    if (sum >= mass) return true;
  }
  return false;
}

Prefix Candidates::Shortest(std::span<const uint64_t> sorted, uint64_t target, Measure measure) const {
  const std::vector<uint32_t> weights = Weights(sorted);
  Prefix prefix;
  for (size_t i = 0; i < sorted.size(); ++i) {
    prefix.last_key = sorted[i];
    prefix.count += 1;
    prefix.mass += weights[i];
    if ((measure == Measure::kCount ? prefix.count : prefix.mass) >= target) break;
  }
  return prefix;
}

Prefix Candidates::RowPrefix(uint64_t target, Measure measure) const {
  window_is_sorted_ = false;
  const bool gathered = measure == Measure::kCount ? GatherBest(target) : GatherHeaviest(target);
  if (!gathered) return HistogramPrefix(target, measure);
  std::sort(window_.begin(), window_.end(), std::greater<>());
  const Prefix prefix = Shortest(window_, target, measure);
  window_.resize(prefix.count);
  window_is_sorted_ = true;
  return prefix;
}

Prefix Candidates::PrefixOf(uint64_t target, Measure measure) const {
  if (is_list_) return Shortest(list_, target, measure);
  const Prefix prefix = RowPrefix(target, measure);
  return prefix.last_key >= cut_ ? prefix : PrefixDownTo(cut_);
}

void Candidates::CutAt(const Prefix& prefix) {
  if (is_list_) {
    list_.resize(prefix.count);
  } else if (prefix.last_key > cut_) {
    cut_ = prefix.last_key;
    if (prefix.count <= kListLimit) MakeList(prefix.count);
  } else {
    return;
  }
  mass_ = prefix.mass;
  count_ = prefix.count;
}

void Candidates::CutAtLogit(float threshold, size_t min_keep) {
  const uint64_t floor = FloorKey(threshold);
  if (is_list_) {
    const auto end = std::partition_point(list_.begin(), list_.end(), [&](uint64_t key) { return key >= floor; });
    const auto kept = static_cast<size_t>(end - list_.begin());
    list_.resize(std::min(list_.size(), std::max(kept, min_keep)));
    Changed();
  } else if (floor > cut_) {
    Prefix prefix;
    prefix.last_key = floor;
    window_is_sorted_ = false;
    window_.clear();
    if (row_.Gather(threshold, kListLimit, window_)) {
      std::erase_if(window_, [&](uint64_t key) { return key < floor; });
      std::sort(window_.begin(), window_.end(), std::greater<>());
      window_is_sorted_ = true;
      prefix.count = window_.size();
      for (uint32_t weight : Weights(window_)) prefix.mass += weight;
    } else {
      prefix = PrefixDownTo(floor);
    }
    if (prefix.count < min_keep) return KeepFirst(min_keep, false);
    CutAt(prefix);
  }
}

// Turns the row into the list of what the cut leaves, of which there are `expected`.
void Candidates::MakeList(size_t expected) {
  if (window_is_sorted_ && window_.size() >= expected) {
    window_.resize(expected);
  } else {
    window_.clear();
    const float threshold = kernel::KeyLogit(cut_);
    if (!row_.Gather(threshold, expected + kListLimit, window_)) {  // many are equal to the last one
      window_.clear();
      row_.Gather(threshold, row_.size(), window_);
    }
    std::erase_if(window_, [&](uint64_t key) { return key < cut_; });
    std::sort(window_.begin(), window_.end(), std::greater<>());
  }
  TakeList(window_);
}

void Candidates::TakeList(std::vector<uint64_t>& keys) {
  assert(!keys.empty());
  list_.swap(keys);
  is_list_ = true;
  window_is_sorted_ = false;
  Changed();
}

void Candidates::KeepFirst(size_t k, bool keep_ties) {
  assert(k >= 1);
  if (k >= (is_list_ ? list_.size() : row_.size())) return;
  const Prefix prefix = PrefixOf(k, Measure::kCount);
  if (keep_ties) {
    CutAtLogit(kernel::KeyLogit(prefix.last_key), k);
  } else {
    CutAt(prefix);
  }
}

uint64_t Candidates::MassTarget(double p) const {
  const double target = std::ceil(p * (1 - kProbabilitySlack) * static_cast<double>(Mass()));
  return std::max<uint64_t>(1, static_cast<uint64_t>(target));
}

void Candidates::KeepMass(double p, size_t min_keep) {
  if (p >= 1) return;
  const Prefix prefix = PrefixOf(MassTarget(p), Measure::kMass);
  if (prefix.count < min_keep) {
    KeepFirst(min_keep, false);
  } else {
    CutAt(prefix);
  }
}

void Candidates::KeepWithin(double nats, size_t min_keep) {
  CutAtLogit(FloatAtLeast(static_cast<double>(Scale().best) - (std::max(nats, 0.0) + kProbabilitySlack) * temperature_),
             min_keep);
}

std::vector<uint64_t> Candidates::FirstKeys(size_t n) const {
  if (is_list_) return {list_.begin(), list_.begin() + static_cast<std::ptrdiff_t>(std::min(n, list_.size()))};
  const Prefix prefix = PrefixOf(n, Measure::kCount);
  if (window_is_sorted_) return {window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(prefix.count)};
  std::vector<uint64_t> keys;
  row_.Gather(std::max(kernel::KeyLogit(prefix.last_key), -kLargest), row_.size(), keys);
  std::erase_if(keys, [&](uint64_t key) { return key < prefix.last_key; });
  std::sort(keys.begin(), keys.end(), std::greater<>());
  return keys;
}

std::vector<Candidate> Candidates::First(size_t n) const {
  std::vector<Candidate> first;
  if (n == 0 || empty()) return first;
  for (uint64_t key : FirstKeys(n)) first.push_back(FromKey(key));
  return first;
}

void Candidates::DropFirst(size_t n) {
  if (n == 0) return;
  if (is_list_) {
    assert(n < list_.size());
    list_.erase(list_.begin(), list_.begin() + static_cast<std::ptrdiff_t>(n));
    Changed();
    return;
  }
  std::vector<Token> tokens;
  for (const Candidate& candidate : First(n)) tokens.push_back(candidate.token);
  Ban(tokens);
}

void Candidates::KeepListed(std::vector<uint64_t> keys) {
  std::sort(keys.begin(), keys.end(), std::greater<>());
  TakeList(keys);
}

void Candidates::Edit(std::span<const LogitEdit> edits) {
  if (edits.empty() || empty()) return;
  if (!is_list_ && cut_ > kWholeRow) MakeList(Count());
  const auto edited = [&](float logit, const LogitEdit& edit) {
    const double value = static_cast<double>(logit) * edit.factor + edit.delta * temperature_;
    return static_cast<float>(std::clamp(value, -static_cast<double>(kLargest), static_cast<double>(kLargest)));
  };
  if (!is_list_) {
    for (const LogitEdit& edit : edits) {
      const float logit = row_.logit(edit.token);
      if (logit >= -kLargest) row_.Set(edit.token, edited(logit, edit));
    }
    best_.reset();
  } else {
    std::vector<LogitEdit> sorted(edits.begin(), edits.end());
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.token < b.token; });
    for (uint64_t& key : list_) {
      Candidate candidate = FromKey(key);
      auto edit = std::lower_bound(sorted.begin(), sorted.end(), candidate.token,
                                   [](const LogitEdit& a, Token token) { return a.token < token; });
      for (; edit != sorted.end() && edit->token == candidate.token; ++edit) {
        candidate.logit = edited(candidate.logit, *edit);
      }
      key = KeyOf(candidate);
    }
    std::sort(list_.begin(), list_.end(), std::greater<>());
  }
  Changed();
}

void Candidates::Ban(std::span<const Token> tokens) {
  if (tokens.empty() || empty()) return;
  if (!is_list_ && cut_ > kWholeRow) MakeList(Count());
  if (!is_list_) {
    for (Token token : tokens) row_.Set(token, -std::numeric_limits<float>::infinity());
    best_.reset();
  } else {
    std::vector<Token> sorted(tokens.begin(), tokens.end());
    std::sort(sorted.begin(), sorted.end());
    std::erase_if(list_, [&](uint64_t key) {
      return std::binary_search(sorted.begin(), sorted.end(), static_cast<Token>(kernel::KeyId(key)));
    });
  }
  Changed();
}

void Candidates::KeepOnly(std::span<const uint64_t> mask) {
  if (empty()) return;
  if (!is_list_ && cut_ > kWholeRow) MakeList(Count());
  if (!is_list_) {
    row_.KeepOnly(mask);
    best_.reset();
  } else {
    std::erase_if(list_, [&](uint64_t key) {
      const uint32_t id = kernel::KeyId(key);
      return !(mask[id / kernel::kSelectGroup] >> (id % kernel::kSelectGroup) & 1);
    });
  }
  Changed();
}

void Candidates::DivideBy(double temperature) {
  assert(temperature > 0);
  temperature_ = std::clamp(temperature_ * temperature, 1e-30, 1e30);
  Changed();
}

double Candidates::Nats(float logit) const {
  return (static_cast<double>(std::min(logit, kLargest)) - static_cast<double>(Scale().best)) / temperature_;
}

double Candidates::LogProbability(float logit) const {
  return Nats(logit) - Ln(static_cast<double>(Mass()) / kernel::kFullWeight);
}

double Candidates::Probability(float logit) const { return Exp(LogProbability(logit)); }

void Candidates::ForEach(const std::function<void(const Candidate&, uint32_t)>& visit) const {
  const auto flush = [&](std::span<const uint64_t> keys) {
    const std::vector<uint32_t> weights = Weights(keys);
    for (size_t i = 0; i < keys.size(); ++i) visit(FromKey(keys[i]), weights[i]);
  };
  if (is_list_) return flush(list_);
  std::vector<uint64_t> block;
  row_.ForEach([&](Token token, float logit) {
    const uint64_t key = kernel::OrderKey(logit, static_cast<uint32_t>(token));
    if (key < cut_) return;
    block.push_back(key);
    if (block.size() < kListLimit) return;
    flush(block);
    block.clear();
  });
  flush(block);
}

double Candidates::EntropyNats() const {
  double mean = 0;
  ForEach([&](const Candidate& candidate, uint32_t weight) {
    if (weight) mean += weight * Nats(candidate.logit);
  });
  const auto mass = static_cast<double>(Mass());
  return std::max(0.0, Ln(mass / kernel::kFullWeight) - mean / mass);
}

std::optional<Candidate> Candidates::Find(Token token) const {
  if (is_list_) {
    for (uint64_t key : list_) {
      if (FromKey(key).token == token) return FromKey(key);
    }
    return std::nullopt;
  }
  const Candidate candidate{token, row_.logit(token)};
  if (candidate.logit < -kLargest || KeyOf(candidate) < cut_) return std::nullopt;
  return candidate;
}

size_t Candidates::Rank(const Candidate& candidate) const {
  const uint64_t key = KeyOf(candidate);
  if (!is_list_) return PrefixDownTo(key).count - 1;
  const auto found = std::lower_bound(list_.begin(), list_.end(), key, std::greater<>());
  return static_cast<size_t>(found - list_.begin());
}

Drawn Candidates::Draw(double u) const {
  const uint64_t mass = Mass();
  const uint64_t below = std::min(static_cast<uint64_t>(u * static_cast<double>(mass)), mass - 1);
  const Prefix prefix = PrefixOf(below + 1, Measure::kMass);
  const uint32_t weight = Weights({&prefix.last_key, 1})[0];
  const auto whole = static_cast<double>(mass);
  return {static_cast<Token>(kernel::KeyId(prefix.last_key)), prefix.count - 1, weight / whole,
          static_cast<double>(prefix.mass - weight) / whole, static_cast<double>(prefix.mass) / whole};
}

}  // namespace sheepop
