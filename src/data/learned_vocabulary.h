// A vocabulary learned from the texts of a corpus, what it does to texts it was not learned from, and its files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "checkpoint/metadata.h"
#include "data/held_out.h"
#include "tokenize/learn/bpe_trainer.h"

namespace sheepop {

enum class VocabularyKind { kBpe, kUnigram };

struct VocabularyTexts {
  uint64_t learned = 0, held_out = 0;  // documents
  uint64_t words = 0;                  // distinct
  uint64_t left_out = 0;               // bytes of what is held out that are not measured
};

struct LearnedVocabulary {
  Metadata metadata;                                 // tokenizer.* keys
  size_t entries = 0, merges = 0;                    // entries may be fewer than were asked for
  uint64_t train_bytes = 0, train_tokens = 0;        // where it was learned; tokens as words are counted
  uint64_t held_out_bytes = 0, held_out_tokens = 0;  // elsewhere
  size_t dead = 0;                                   // entries that no text uses, special tokens aside
  std::vector<std::string> longest;                  // the longest pieces, as bytes
};

struct VocabularyProgress {
  std::function<void(const VocabularyTexts&)> read;  // once, before it learns
  std::function<void(size_t entries)> learned;       // now and then
};

// Learns from `input` as ReadSplitTexts reads it; `options.split` empty is the kind's own. One document is in memory at a
// time, and 64 MiB of what is held out, of which the rest is left out. The result depends on neither threads nor order of
// work. Throws kInvalidArgument for options, and what ReadSplitTexts throws.
LearnedVocabulary LearnVocabulary(const std::string& input, const HeldOut& held_out, VocabularyKind kind,
                                  TokenizerTraining options, ThreadPool& pool, const VocabularyProgress& progress = {});

// The same from texts that are in memory, without measuring what is held out.
LearnedVocabulary LearnVocabulary(std::span<const std::string> texts, VocabularyKind kind, TokenizerTraining options,
                                  ThreadPool& pool, const VocabularyProgress& progress = {});

// Entries for a text of so many bytes, special tokens and bytes among them: a power of two from 512 to 8192 (see the .cc
// for what it was measured on).
size_t VocabularySizeFor(uint64_t text_bytes);

// `output`: a file that ends in .json or .gguf, else a folder that gets tokenizer.json, tokenizer_config.json and
// tokenizer.gguf. The files that were written. Throws kIo.
std::vector<std::filesystem::path> WriteVocabulary(const std::filesystem::path& output, const Metadata& metadata);

}  // namespace sheepop
