// `train --tokenizer-only`: a vocabulary from a corpus, as tokenizer.json and as GGUF.
#pragma once

#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "cli/console.h"
#include "cli/flags/flag_set.h"
#include "data/held_out.h"
#include "tokenize/learn/bpe_trainer.h"

namespace sheepop::cli {

class TokenizerTrainer {
 public:
  void Register(FlagSet flags);
  bool asked_for() const { return asked_for_; }
  // Throws kInvalidArgument when a flag of tokenizers was given and no tokenizer was asked for.
  void Check(const FlagSet& flags) const;
  // `output`: a folder that gets tokenizer.json, tokenizer_config.json and tokenizer.gguf, or one file that ends in
  // .json or .gguf.
  int Run(const Console& console, const std::string& input, const HeldOut& held_out, const std::string& output,
          ThreadPool& pool) const;

 private:
  bool asked_for_ = false;
  std::string kind_ = "bpe";
  TokenizerTraining options_ = {.split = ""};  // empty: the kind's own
};

}  // namespace sheepop::cli
