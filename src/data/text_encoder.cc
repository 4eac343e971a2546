#include "data/text_encoder.h"

#include <algorithm>
#include <exception>
#include <numeric>

namespace sheepop {
namespace {

constexpr size_t kBatchBytes = size_t{16} << 20, kBatchTexts = 65536;

}  // namespace

TextEncoder::TextEncoder(const Tokenizer& tokenizer, ThreadPool& pool, Take take)
    : tokenizer_(tokenizer), pool_(pool), take_(std::move(take)) {}

void TextEncoder::Add(std::string_view text, bool held_out) {
  if (bytes_ > 0 && bytes_ + text.size() > kBatchBytes) Finish();
  texts_.push_back({std::string(text), held_out});
  bytes_ += text.size();
  if (bytes_ >= kBatchBytes || texts_.size() >= kBatchTexts) Finish();
}

void TextEncoder::Finish() {
  std::vector<std::vector<Token>> tokens(texts_.size());
  std::vector<std::exception_ptr> faults(texts_.size());
  // The longest first: the last to begin are short, so all threads end together.
  std::vector<size_t> order(texts_.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, std::greater{}, [&](size_t i) { return texts_[i].text.size(); });
  pool_.ParallelFor(order.size(), [&](size_t chunk, size_t) {
    const size_t i = order[chunk];
    try {
      tokens[i] = tokenizer_.Encode(texts_[i].text);
    } catch (...) {
      faults[i] = std::current_exception();
    }
  });
  for (size_t i = 0; i < texts_.size(); ++i) {
    if (faults[i]) std::rethrow_exception(faults[i]);
    take_({std::move(tokens[i]), texts_[i].text.size(), texts_[i].held_out});
  }
  texts_.clear();
  bytes_ = 0;
}

}  // namespace sheepop
