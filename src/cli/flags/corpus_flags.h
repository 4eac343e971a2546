// The flags that say how a corpus becomes tokens.
#pragma once

#include <string>

#include "base/thread_pool.h"
#include "cli/console.h"
#include "cli/flags/flag_set.h"
#include "cli/flags/template_flags.h"
#include "train/corpus_tokens.h"

namespace sheepop::cli {

class CorpusFlags {
 public:
  void Register(FlagSet flags);

  // The flags that were given and say what is learned, as typed: " --held-out letters"; "" for none.
  std::string Text() const;

  const HeldOut& held_out() const { return held_out_; }

  // `from`: the model that is continued, whose tokenizer it then is; empty for none. `own`: the tokenizer where neither that
  // nor another one is given. `context`: tokens of a sequence.
  // Throws what ReadCorpusTokens does.
  CorpusTokens Read(const Console& console, const std::string& input, const std::string& from, size_t context,
                    OwnTokenizer own, ThreadPool& pool) const;

 private:
  std::string tokenizer_;
  HeldOut held_out_;
  TemplateFlags template_;
  bool skip_long_ = false;
};

}  // namespace sheepop::cli
