// What `train` learns from and is measured on, as tokens, whatever INPUT is: a corpus folder, documents.jsonl.zst, a
// text file, a folder of token shards, or conversations as JSON lines.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/thread_pool.h"
#include "checkpoint/metadata.h"
#include "cli/commands/train_input.h"
#include "cli/console.h"
#include "cli/flags/template_flags.h"
#include "train/documents.h"

namespace sheepop::cli {

struct TrainTokens {
  std::unique_ptr<TokenDocuments> train, held_out;  // held_out may be empty, never null
  Metadata vocabulary;                              // tokenizer.* keys
  size_t vocab = 0;
  std::optional<Token> end;  // between documents; none where documents close themselves
  bool whole = false;        // documents are conversations, not to be cut
  uint64_t left_out = 0;     // conversations longer than the context
};

class TrainTokensFlags {
 public:
  void Register(CLI::App& app);

  const HeldOut& held_out() const { return held_out_; }
  const std::string& tokenizer() const { return tokenizer_; }

  // `from`: the model that is continued, whose tokenizer it then is; empty for none. `context`: tokens of a sequence.
  // Throws kInvalidArgument, kCorrupt and kLimit naming the file and the line, kUnsupported, and what the tokenizer
  // throws.
  TrainTokens Read(const Console& console, const std::string& input, const std::string& from, size_t context,
                   ThreadPool& pool) const;

 private:
  TrainTokens ReadBytes(const std::string& input) const;
  TrainTokens ReadTextsEncoded(const std::string& input, const std::string& source, ThreadPool& pool) const;
  TrainTokens ReadShards(const std::string& input, const std::string& source) const;
  TrainTokens ReadChats(const std::string& input, const std::string& source, size_t context) const;

  std::string tokenizer_;
  HeldOut held_out_;
  TemplateFlags template_;
  bool skip_long_ = false;
};

}  // namespace sheepop::cli
