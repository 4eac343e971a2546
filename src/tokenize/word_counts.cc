#include "tokenize/word_counts.h"

#include <algorithm>
#include <exception>
#include <mutex>

#include "base/error.h"
#include "tokenize/hash.h"
#include "tokenize/pre_tokenizers.h"

namespace sheepop {

void WordTable::Add(std::string_view word, uint64_t count) {
  if (entries_.size() * 2 >= slots_.size()) Grow();
  const uint64_t hash = HashBytes(word, HashSeed());
  const auto tag = static_cast<uint32_t>(hash >> 32);
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.entry == 0) {
      slot = {tag, static_cast<uint32_t>(entries_.size() + 1)};
      entries_.push_back({arena_.size(), count, static_cast<uint32_t>(word.size())});
      arena_ += word;
      return;
    }
    if (slot.tag == tag && (*this)[slot.entry - 1].word == word) {
      entries_[slot.entry - 1].count += count;
      return;
    }
  }
}

void WordTable::Grow() {
  slots_.assign(std::max<size_t>(1024, slots_.size() * 2), {});
  const size_t mask = slots_.size() - 1;
  for (size_t i = 0; i < entries_.size(); ++i) {
    const uint64_t hash = HashBytes((*this)[i].word, HashSeed());
    size_t at = hash & mask;
    while (slots_[at].entry != 0) at = (at + 1) & mask;
    slots_[at] = {static_cast<uint32_t>(hash >> 32), static_cast<uint32_t>(i + 1)};
  }
}

namespace {

Splitter SplitterOf(std::string_view split) {
  // Names are words with hyphens; a pattern of words alone would be of no use.
  const bool name = std::ranges::all_of(
      split, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; });
  if (name) return MakeSplitter(PreTokenizerOf(split).steps);
  const SplitStep step{std::string(split)};
  return MakeSplitter({&step, 1});
}

}  // namespace

WordCounter::WordCounter(std::string_view split, ThreadPool& pool)
    : splitter_(SplitterOf(split)), pool_(pool), tables_(pool.threads()) {}

void WordCounter::Add(std::span<const std::string_view> texts) {
  std::mutex mutex;
  std::exception_ptr failure;  // of a pattern that backtracks without end
  pool_.ParallelFor(texts.size(), [&](size_t i, size_t worker) {
    try {
      std::vector<std::string_view> words;
      splitter_.Split(texts[i], words);
      for (const std::string_view word : words) tables_[worker].Add(word, 1);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);
}

std::vector<WordCount> WordCounter::Words() const {
  merged_ = {};
  for (const WordTable& table : tables_) {
    for (size_t i = 0; i < table.size(); ++i) merged_.Add(table[i].word, table[i].count);
  }
  std::vector<WordCount> words(merged_.size());
  for (size_t i = 0; i < words.size(); ++i) words[i] = merged_[i];
  std::ranges::sort(words, {}, &WordCount::word);
  return words;
}

}  // namespace sheepop
