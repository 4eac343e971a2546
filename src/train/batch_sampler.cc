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
  if (options_.whole) {
    options_.restart = true;
    options_.end.reset();
  }
  CountTokens();
  const uint64_t length = options_.length;
  const uint64_t needed = options_.shuffle && !options_.whole ? length + 1 : 2;
  if (tokens_ < needed) {
    throw Error(ErrorCategory::kUnsupported,
                "the documents hold {} tokens, one sequence needs {}: give more text, or a smaller --context", tokens_,
                needed);
  }
  if (options_.whole) {
    Pack();
  } else if (!options_.shuffle) {
    sequences_ = (tokens_ - 1 + length - 1) / length;
  } else {
    // One less than fit at phase 0, so that every phase has as many.
    sequences_ = tokens_ < 2 * length ? 1 : (tokens_ - length) / length;
  }
  if (sequences_ >= UINT32_MAX)
    throw Error(ErrorCategory::kLimit, "{} sequences in an epoch, at most 2^32 - 2", sequences_);
  UseEpoch(0);
}

void BatchSampler::CountTokens() {
  const uint64_t closing = options_.end ? 1 : 0;
  for (size_t i = 0; i < documents_.count(); ++i) {
    const uint64_t size = documents_.size(i);
    const std::span<const uint8_t> learned = documents_.learned(i);
    tokens_ += size + closing;
    learned_ += closing + (learned.empty() ? size : static_cast<uint64_t>(std::ranges::count(learned, uint8_t{1})));
  }
}

void BatchSampler::Pack() {
  document_order_ = Permutation(documents_.count(), kDocuments);
  begins_.assign(1, 0);
  packs_.assign(1, 0);
  for (uint32_t document : document_order_) {
    const uint64_t size = documents_.size(document);
    if (size > options_.length) {
      throw Error(ErrorCategory::kLimit, "document {} has {} tokens, a sequence holds {}", document + 1, size,
                  options_.length);
    }
    if (begins_.back() + size - packs_.back() > options_.length) packs_.push_back(begins_.back());
    begins_.push_back(begins_.back() + size);
  }
  packs_.push_back(begins_.back());
  sequences_ = packs_.size() - 1;
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
  sequence_order_ = Permutation(sequences_, kSequences);
  if (options_.whole) return;  // what lies side by side does not see each other: one packing serves all epochs
  document_order_ = Permutation(documents_.count(), kDocuments);
  begins_.assign(1, 0);
  for (uint32_t document : document_order_) {
    begins_.push_back(begins_.back() + documents_.size(document) + (options_.end ? 1 : 0));
  }
  const uint64_t phases = std::min<uint64_t>(options_.length, tokens_ - sequences_ * options_.length);
  phase_ = options_.shuffle ? RandomBits(options_.seed, kPhase, epoch, RandomLane::kTraining) % phases : 0;
}

Batch BatchSampler::Sequences(uint64_t first, size_t count) {
  Batch batch = Batch::Plain(count, options_.length);
  for (size_t i = 0; i < count; ++i) {
    const uint64_t number = first + i;
    if (number / sequences_ != epoch_) UseEpoch(number / sequences_);
    const uint32_t sequence = sequence_order_[number % sequences_];
    if (options_.whole) {
      Fill(packs_[sequence], packs_[sequence + 1], batch, i * options_.length);
    } else {
      const uint64_t start = phase_ + sequence * options_.length;
      Fill(start, std::min(start + options_.length + 1, tokens_), batch, i * options_.length);
    }
  }
  return batch;
}

// Rows from `row` on get the stream's tokens [start, end); the one behind a sequence is a target only.
void BatchSampler::Fill(uint64_t start, uint64_t end, Batch& batch, size_t row) const {
  const auto size = static_cast<size_t>(end - start);
  std::vector<Token> tokens(size);
  std::vector<uint8_t> learned(size, 1), begins(size, 0);
  auto place = static_cast<size_t>(std::ranges::upper_bound(begins_, start) - begins_.begin() - 1);
  for (size_t at = 0; at < size; ++place) {
    const uint32_t document = document_order_[place];
    const uint64_t offset = start + at - begins_[place], held = documents_.size(document);
    const auto take = static_cast<size_t>(std::min<uint64_t>(size - at, begins_[place + 1] - begins_[place] - offset));
    const auto copied = static_cast<size_t>(std::min<uint64_t>(take, held - std::min(held, offset)));
    documents_.Copy(document, offset, std::span(tokens).subspan(at, copied));
    const std::span<const uint8_t> marks = documents_.learned(document);
    if (!marks.empty())
      std::copy_n(marks.begin() + static_cast<ptrdiff_t>(offset), copied, learned.begin() + static_cast<ptrdiff_t>(at));
    if (copied < take) tokens[at + copied] = *options_.end;
    if (offset == 0 && take > 0) begins[at] = 1;
    at += take;
  }
  uint32_t border = 0;  // row of this sequence at which its document begins
  const size_t rows = options_.whole ? size : size - 1;
  for (size_t i = 0; i < rows; ++i) {
    if (begins[i]) border = static_cast<uint32_t>(i);
    batch.inputs[row + i] = tokens[i];
    if (options_.restart) {
      batch.first[row + i] = border;
      batch.positions[row + i] = static_cast<uint32_t>(i) - border;
    }
    if (i + 1 == size || (begins[i + 1] && options_.restart) || !learned[i + 1]) continue;
    batch.targets[row + i] = tokens[i + 1];
  }
  // Padding is a document of its own: first rows ascend.
  for (size_t i = rows; options_.restart && i < options_.length; ++i) {
    batch.first[row + i] = static_cast<uint32_t>(rows);
    batch.positions[row + i] = static_cast<uint32_t>(i - rows);
  }
}

}  // namespace sheepop
