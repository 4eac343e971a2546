// Learns a byte-level BPE vocabulary (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909, on bytes as in GPT-2):
// the pair of neighbouring symbols that occurs most often becomes a token, again and again.
//
// Ties: of pairs that occur equally often the one whose left id, then right id, is smaller comes first. The ids are the
// special tokens in their order, the 256 bytes in the order of the characters that stand for them (byte_alphabet.h),
// then the merges. That is the rule of the `tokenizers` package, and the same settings give the same merges, with one
// exception: no pair becomes the text of a special token (nor does WordCounter count such text where a document has it).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/metadata.h"
#include "tokenize/learn/word_counts.h"

namespace sheepop {

struct TokenizerTraining {
  size_t vocab_size = 4096;     // entries, special tokens and bytes among them; 256 and the special tokens, to 65,536
  std::string split = "gpt-2";  // how text is cut into words: a name of pre_tokenizers.h
  std::vector<std::string> special = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};  // the first ends a text
  uint64_t min_frequency = 0;                                                          // of a pair that becomes a token
};

// Throws kInvalidArgument naming the setting, its value and its bounds.
void Validate(const TokenizerTraining& options);

struct BpeVocabulary {
  std::vector<std::string> tokens;  // as bytes, special tokens first; the merges may end before vocab_size is reached
  std::vector<std::pair<uint32_t, uint32_t>> merges;  // ids, in the order in which they apply; distinct
  std::vector<uint64_t> uses;                         // [tokens] how often the counted words, so spelt, hold each
};

// Memory: two bytes for a byte of the distinct words, four for each distinct pair in each, and 20 a word.
// `progress` is told the number of entries now and then. The result is a function of the counts and options alone.
BpeVocabulary TrainBpe(const WordTable& words, const TokenizerTraining& options,
                       const std::function<void(size_t)>& progress = {});

// The `tokenizer.ggml.*` keys.
Metadata ToMetadata(const BpeVocabulary& vocabulary, const TokenizerTraining& options);

// Those of a vocabulary that begins with the special tokens: the first is eos, and bos that nobody adds; ChatML is the
// chat template where its tokens are among them.
void SetSpecialTokens(const TokenizerTraining& options, Metadata& metadata);

}  // namespace sheepop
