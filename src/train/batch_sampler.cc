#include "train/batch_sampler.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/philox.h"

namespace sheepop {
namespace {

enum Stream : uint32_t { kDocuments = 0x5eed0001, kSequences, kPhase };

}  // namespace

BatchSampler::BatchSampler(const TokenDocuments& documents, const SamplerOptions& options)
    : documents_(documents), options_(options) {
  if (documents_.count() >= UINT32_MAX) {
    throw Error(ErrorCategory::kLimit, "{} documents, at most {} can be shuffled", documents_.count(), UINT32_MAX - 1);
  }
  for (size_t i = 0; i < documents_.count(); ++i) tokens_ += documents_.tokens(i).size() + (options_.end ? 1 : 0);
  const uint64_t length = options_.length;
  const uint64_t needed = options_.shuffle ? length + 1 : 2;
  if (tokens_ < needed) {
    throw Error(ErrorCategory::kInvalidArgument,
                "the documents hold {} tokens, one sequence needs {}: give more text or a shorter context", tokens_,
                needed);
  }
  if (!options_.shuffle) {
    sequences_ = (tokens_ - 1 + length - 1) / length;
  } else {
    // One less than fit at phase 0, so that every phase has as many.
    sequences_ = tokens_ < 2 * length ? 1 : (tokens_ - length) / length;
  }
  if (sequences_ >= UINT32_MAX)
    throw Error(ErrorCategory::kLimit, "{} sequences in an epoch, at most 2^32 - 2", sequences_);
  UseEpoch(0);
}

std::vector<uint32_t> BatchSampler::Permutation(size_t count, uint32_t stream) const {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  if (!options_.shuffle) return order;
  for (size_t i = count; i > 1; --i) {
    const uint64_t bits = RandomBits(options_.seed, stream, epoch_ << 32 | i, RandomLane::kTraining);
    std::swap(order[i - 1], order[bits % i]);
  }
  return order;
}

void BatchSampler::UseEpoch(uint64_t epoch) {
  epoch_ = epoch;
  document_order_ = Permutation(documents_.count(), kDocuments);
  sequence_order_ = Permutation(sequences_, kSequences);
  begins_.assign(1, 0);
  for (uint32_t document : document_order_) {
    begins_.push_back(begins_.back() + documents_.tokens(document).size() + (options_.end ? 1 : 0));
  }
  const uint64_t phases = std::min<uint64_t>(options_.length, tokens_ - sequences_ * options_.length);
  phase_ = options_.shuffle ? RandomBits(options_.seed, kPhase, epoch, RandomLane::kTraining) % phases : 0;
}

Batch BatchSampler::Sequences(uint64_t first, size_t count) {
  Batch batch = Batch::Plain(count, options_.length);
  for (size_t i = 0; i < count; ++i) {
    const uint64_t number = first + i;
    if (number / sequences_ != epoch_) UseEpoch(number / sequences_);
    Fill(phase_ + sequence_order_[number % sequences_] * options_.length, batch, i * options_.length);
  }
  return batch;
}

void BatchSampler::Fill(uint64_t start, Batch& batch, size_t row) const {
  auto place = static_cast<size_t>(std::ranges::upper_bound(begins_, start) - begins_.begin() - 1);
  uint32_t border = 0;  // row of this sequence at which its document begins
  for (size_t i = 0; i < options_.length && start + i + 1 < tokens_; ++i) {
    const uint64_t at = start + i;
    while (at >= begins_[place + 1]) {
      ++place;
      border = static_cast<uint32_t>(i);
    }
    const auto token_at = [&](size_t document_place, uint64_t offset) {
      const std::span<const Token> tokens = documents_.tokens(document_order_[document_place]);
      return offset < tokens.size() ? tokens[offset] : *options_.end;
    };
    batch.inputs[row + i] = token_at(place, at - begins_[place]);
    if (options_.restart) {
      batch.first[row + i] = border;
      batch.positions[row + i] = static_cast<uint32_t>(i) - border;
    }
    size_t next = place;
    while (at + 1 >= begins_[next + 1]) ++next;
    if (next != place && options_.restart) continue;
    const uint64_t offset = at + 1 - begins_[next];
    const std::span<const uint8_t> learned = documents_.learned(document_order_[next]);
    if (offset < learned.size() && !learned[offset]) continue;
    batch.targets[row + i] = token_at(next, offset);
  }
}

}  // namespace sheepop
