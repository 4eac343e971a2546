// sheepop corpus shards: a corpus and a tokenizer to token shards.
#pragma once

#include <string>

#include "cli/console.h"
#include "cli/flags/flag_set.h"
#include "data/held_out.h"

namespace sheepop::cli {

class CorpusShards {
 public:
  void Register(FlagSet flags);
  int Run(const Console& console) const;

 private:
  std::string corpus_, tokenizer_, output_;
  HeldOut held_out_;
  size_t threads_ = 0;
  bool force_ = false;
};

}  // namespace sheepop::cli
