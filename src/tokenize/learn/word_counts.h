// Counts the words of a corpus: what tokenizer training learns from. Only the distinct words stay in memory, not the text.
// The result is the same for any number of threads and any order of the documents.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "tokenize/added_tokens.h"
#include "tokenize/normalizer.h"
#include "tokenize/splitter.h"

namespace sheepop {

// Distinct words with their counts. Open addressing over one arena; a word has at most 4 GiB.
class WordTable {
 public:
  struct Word {
    uint64_t begin = 0;  // in the arena
    uint32_t size = 0;   // bytes
    uint32_t tag = 0;    // the hash's upper half
    uint64_t count = 0;
  };

  WordTable();
  void Add(std::string_view word, uint64_t count);
  size_t size() const { return words_.size(); }
  const std::vector<Word>& words() const { return words_; }
  std::string_view Text(const Word& word) const { return std::string_view(arena_).substr(word.begin, word.size); }
  void Sort();  // by bytes; nothing may be added afterwards

 private:
  void Grow();

  uint64_t seed_;
  std::string arena_;
  std::vector<Word> words_;
  std::vector<uint32_t> slots_;  // index into words_ plus one; a power of two
};

class WordCounter {
 public:
  // `split`: a name of pre_tokenizers.h; text is normalised first where that asks for it. `special`: strings that are
  // cut out of the text and are part of no word. kInvalidArgument for an empty one or one that holds a line end.
  WordCounter(std::string_view split, const std::vector<std::string>& special, ThreadPool& pool);
  // With a splitter of its own, after a normalizer.
  WordCounter(Splitter splitter, Normalizer normalizer, const std::vector<std::string>& special, ThreadPool& pool);

  // Any bytes. Documents of more than 1 MiB are counted in parts, cut between lines where the usual patterns cut
  // too; only one of 16 MiB without such a place is cut elsewhere. Of a word of more than 4096 bytes the pieces of 16
  // characters are counted, each once however often the word repeats it. Throws what the splitter throws.
  void Add(std::string_view document);

  uint64_t bytes() const { return bytes_; }  // of all documents so far

  // The words sorted by bytes. The counter is used up.
  WordTable Finish();

 private:
  void Flush();
  void Count(const std::vector<std::string_view>& parts);
  void CountPart(std::string_view part, WordTable& words) const;

  Splitter splitter_;
  Normalizer normalizer_;
  AddedTokens special_;
  ThreadPool& pool_;
  std::vector<WordTable> tables_;  // [threads]
  std::string waiting_;            // the text of short documents
  std::vector<size_t> ends_;       // of the documents in waiting_
  uint64_t bytes_ = 0;
};

}  // namespace sheepop
