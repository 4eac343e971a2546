// `train --tokenizer-only`: a vocabulary from a corpus, as tokenizer.json and as GGUF.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "cli/console.h"
#include "cli/flags/flag_set.h"
#include "data/held_out.h"
#include "tokenize/learn/bpe_trainer.h"
#include "train/corpus_tokens.h"

namespace sheepop::cli {

class TokenizerTrainer {
 public:
  void Register(FlagSet flags);
  bool asked_for() const { return asked_for_; }
  bool force() const { return force_; }  // replace what is there, a model too
  // What its flags say of the tokenizer that a model gets. Throws kInvalidArgument where one of them is given and the
  // tokenizer is another's: --tokenizer, --from or an input of token shards.
  OwnTokenizer Own(const FlagSet& flags, const std::string& input) const;
  // `output`: a folder that gets tokenizer.json, tokenizer_config.json and tokenizer.gguf, or one file that ends in
  // .json or .gguf.
  int Run(const Console& console, const std::string& input, const HeldOut& held_out, const std::string& output,
          ThreadPool& pool) const;

 private:
  void CheckOutput(const std::string& input, const std::filesystem::path& output) const;

  bool asked_for_ = false, force_ = false;
  std::string kind_ = "bpe";
  TokenizerTraining options_ = {.vocab_size = 0, .split = ""};  // 0: not given; "": the kind's own
};

}  // namespace sheepop::cli
