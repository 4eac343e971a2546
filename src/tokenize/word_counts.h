// How often each word of some texts occurs: what tokenizer training reads in place of the texts. The words are those of
// a pre-tokenizer, so nothing that is learned from them crosses a word.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "tokenize/splitter.h"

namespace sheepop {

struct WordCount {
  std::string_view word;  // bytes
  uint64_t count = 0;
};

// Distinct words and their counts. Memory: the distinct words, and some 40 bytes for each.
class WordTable {
 public:
  void Add(std::string_view word, uint64_t count);
  size_t size() const { return entries_.size(); }
  WordCount operator[](size_t i) const {
    return {std::string_view(arena_).substr(entries_[i].begin, entries_[i].size), entries_[i].count};
  }

 private:
  struct Entry {
    size_t begin;
    uint64_t count;
    uint32_t size;
  };
  struct Slot {
    uint32_t tag = 0;
    uint32_t entry = 0;  // plus one; 0: free
  };

  void Grow();

  std::string arena_;
  std::vector<Entry> entries_;
  std::vector<Slot> slots_;  // open addressing, a power of two
};

class WordCounter {
 public:
  // `split`: a name of pre_tokenizers.h, or a regular expression whose matches are the words (MakeRegexCutter).
  WordCounter(std::string_view split, ThreadPool& pool);

  // Each text is cut by itself; they are shared out over the pool.
  void Add(std::span<const std::string_view> texts);

  // Ordered by their bytes, whatever the number of threads. The views live as long as this counter.
  std::vector<WordCount> Words() const;

 private:
  Splitter splitter_;
  ThreadPool& pool_;
  std::vector<WordTable> tables_;  // one for each thread
  mutable WordTable merged_;
};

}  // namespace sheepop
