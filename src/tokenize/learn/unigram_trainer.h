// Learns a unigram vocabulary (Kudo 2018, https://arxiv.org/abs/1804.10959): from the frequent substrings of the words,
// expectation maximisation finds how probable each piece is, and a quarter of the pieces, those without which the text
// grows least, are dropped, round by round. Every byte that the pieces do not spell is spelt by an entry of its own,
// <0x00> to <0xFF>, so decoding gives any text back; only U+2581 (which is how such vocabularies write a space) comes
// back as a space.
//
// The ids are the special tokens in their order, <unk>, the 256 bytes, then the pieces, the most probable first. Each
// character of each piece is a piece, too, and so are line end, tab and printable ASCII. Characters beyond those that
// occur less than once in 64 x vocab_size characters are left to the bytes.
//
// Nothing cuts a text into words when it is encoded: pieces reach no further than those of the words that they come
// from.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "checkpoint/metadata.h"
#include "tokenize/learn/bpe_trainer.h"
#include "tokenize/learn/word_counts.h"

namespace sheepop {

inline constexpr std::string_view kUnknownName = "<unk>";

// A word is what stands between spaces, with one space in front of it, and ends behind its second line at the latest;
// longer runs of spaces are words of their own.
inline constexpr std::string_view kSpacedWords = "spaces";

// As for BPE, but `split` may be kSpacedWords, and there are <unk> and 97 characters more that have to have room.
void ValidateUnigram(const TokenizerTraining& options);

// Counts words as options.split says, with U+2581 read as a space.
WordCounter MakeUnigramCounter(const TokenizerTraining& options, ThreadPool& pool);

struct UnigramVocabulary {
  std::vector<std::string> pieces;  // as text, spaces as such
  // [pieces] natural logarithms, multiples of 2^-16: sums are exact, so that texts have one best spelling whatever the
  // order of adding, and float32 holds them.
  std::vector<double> scores;
  std::vector<uint64_t> uses;  // [special tokens + 1 + 256 + pieces] how often the counted words hold each
};

// options.min_frequency: how often a substring occurs that may become a piece, twice at least. `progress` is told the
// number of entries that are left now and then. The result is a function of the counts and options alone. Memory: that
// of FindSeeds, 24 bytes a word, and 4 KiB an entry.
UnigramVocabulary TrainUnigram(const WordTable& words, const TokenizerTraining& options, ThreadPool& pool,
                               const std::function<void(size_t)>& progress = {});

// The `tokenizer.ggml.*` keys.
Metadata ToMetadata(const UnigramVocabulary& vocabulary, const TokenizerTraining& options);

}  // namespace sheepop
