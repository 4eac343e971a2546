// A corpus and a tokenizer to a folder of token shards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "base/thread_pool.h"
#include "data/held_out.h"
#include "tokenize/tokenizer_source.h"

namespace sheepop {

struct ShardCounts {
  std::filesystem::path file;
  uint64_t documents = 0, tokens = 0, text_bytes = 0;
};

struct ShardFolder {
  ShardCounts train, held_out;
  uint64_t words_cut = 0;                  // of held-out documents: what learned ones have, too
  std::map<std::string, uint64_t> unread;  // TextSplit's
};

// Makes `folder` and writes kTrainShard, kHeldOutShard, kShardTokenizer and kSplitFile into it; the files appear when all is read.
// `progress` is told the bytes of text that are tokens, after each document. The bytes depend on neither threads nor
// batches. Throws kIo, kInvalidArgument where no text is left to learn from, and what ReadSplitTexts and
// Tokenizer::Encode throw.
ShardFolder WriteShardFolder(const std::string& input, const HeldOut& held_out, const TokenizerSource& tokenizer,
                             const std::filesystem::path& folder, ThreadPool& pool,
                             const std::function<void(uint64_t text_bytes)>& progress = {});

}  // namespace sheepop
