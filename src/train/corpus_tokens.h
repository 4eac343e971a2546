// What a model learns from and is measured on, as tokens, whatever the input is: a corpus folder, documents.jsonl.zst, a
// text file, a folder of token shards, or conversations as JSON lines.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "base/warning.h"
#include "checkpoint/metadata.h"
#include "data/held_out.h"
#include "data/learned_vocabulary.h"
#include "train/documents.h"

namespace sheepop {

struct CorpusTokens {
  std::unique_ptr<TokenDocuments> train, held_out;  // held_out may be empty, never null
  Metadata vocabulary;                              // tokenizer.* keys
  size_t vocab = 0;
  std::optional<Token> end;       // between documents; none where documents close themselves
  bool whole = false;             // documents are conversations, not to be cut
  uint64_t left_out = 0;          // conversations longer than the context
  uint64_t words_cut = 0;         // of held-out documents: what learned ones have, too
  bool ends_held_out = false;     // held-out documents are ends of learned ones
  std::string split;              // kSplitFile's text; empty for shards that have none
  bool own = false;               // the tokenizer was learned from what is learned
  size_t vocab_asked = 0;         // entries that it was to have, if it was
  std::vector<Warning> warnings;  // of the tokenizer
};

// A tokenizer made of the texts themselves.
struct OwnTokenizer {
  bool bytes = false;  // a token is a byte that occurs in the texts; the rest then says nothing
  VocabularyKind kind = VocabularyKind::kBpe;
  TokenizerTraining training = {.vocab_size = 0, .split = ""};  // 0: as VocabularySizeFor says; "": the kind's own
};

struct CorpusTokenOptions {
  std::filesystem::path tokenizer;  // as OpenTokenizer takes it; empty: one of its own
  OwnTokenizer own;
  HeldOut held_out;
  std::string chat_template;  // a file; empty: that of the tokenizer's model
  size_t context = 0;         // tokens of a sequence
  bool skip_long = false;     // leaves out conversations longer than that, which else are an error
};

// Whether the first line of a file, where it is a JSON object, has `messages`; none where it is not.
std::optional<bool> FirstRecordIsChat(const std::string& path);

// Throws kInvalidArgument, kCorrupt and kLimit naming the file and the line, kUnsupported, and what the tokenizer throws.
CorpusTokens ReadCorpusTokens(const std::string& input, const CorpusTokenOptions& options, ThreadPool& pool);

}  // namespace sheepop
