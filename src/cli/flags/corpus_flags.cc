#include "cli/flags/corpus_flags.h"

#include <fmt/core.h>

#include <utility>

#include "base/error.h"
#include "base/shell_word.h"
#include "cli/flags/held_out_flags.h"
#include "hub/models.h"

namespace sheepop::cli {

void CorpusFlags::Register(FlagSet flags) {
  flags
      .Value("--tokenizer", tokenizer_,
             "a GGUF model, a tokenizer.json, or a folder with tokenizer.gguf or tokenizer.json; `bytes`: a token is a "
             "byte that occurs in the text; without it the model gets one of its own, learned from the text, which "
             "spells every text")
      .As("TOKENIZER");
  RegisterHeldOut(flags, held_out_);
  template_.Register(flags);
  flags.Switch("--skip-long", skip_long_,
               "leave out conversations longer than --context, and say how many; else an error");
}

std::string CorpusFlags::Text() const {
  std::string text = tokenizer_.empty() ? "" : " --tokenizer " + ShellWord(tokenizer_);
  for (const std::string& name : held_out_.names) text += " --held-out " + ShellWord(name);
  if (held_out_.share != HeldOut().share) text += fmt::format(" --held-out-share {}", held_out_.share);
  return text + (skip_long_ ? " --skip-long" : "");
}

CorpusTokens CorpusFlags::Read(const Console& console, const std::string& input, const std::string& from,
                               size_t context, OwnTokenizer own, ThreadPool& pool) const {
  if (!from.empty() && !tokenizer_.empty()) {
    throw Error(ErrorCategory::kInvalidArgument,
                "--tokenizer and --from exclude each other: a model keeps its tokenizer");
  }
  own.bytes = tokenizer_ == "bytes";
  const std::string source = !from.empty() ? from : own.bytes ? "" : tokenizer_;
  const CorpusTokenOptions options{source.empty() ? std::filesystem::path() : FindModel(source),
                                   std::move(own),
                                   held_out_,
                                   template_.file(),
                                   context,
                                   skip_long_};
  CorpusTokens out = ReadCorpusTokens(input, options, pool);
  console.Note(fmt::format(
      "{} {} to learn from, {} held out, vocabulary of {}", out.train->count(),
      out.whole ? "conversations" : "documents",
      out.ends_held_out && !out.whole
          ? fmt::format("the end{} of {} of them", out.held_out->count() > 1 ? "s" : "", out.held_out->count())
          : fmt::format("{}", out.held_out->count()),
      out.vocab));
  TellOverlap(console, input, out.words_cut);
  return out;
}

}  // namespace sheepop::cli
