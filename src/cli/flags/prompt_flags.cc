#include "cli/flags/prompt_flags.h"

#include "base/error.h"
#include "base/text_file.h"
#include "cli/console.h"

namespace sheepop::cli {

void PromptFlags::Register(FlagSet flags, bool with_ids) {
  const Flag text = flags.Value("-p,--prompt", text_, "the text itself").As("TEXT");
  const Flag file =
      flags.Value("-f,--file", file_, "read the text from a file; - is standard input").As("FILE").Excludes(text);
  if (with_ids) {
    flags.Ids("--ids", ids_, "token ids, separated by commas, instead of text")
        .As("N,N,..")
        .Excludes(text)
        .Excludes(file);
  }
  flags.Switch("--special", special_, "read the names of control tokens in the text as those tokens");
  flags.Switch("--no-bos", no_bos_, "do not put the model's begin-of-text token in front");
}

std::string PromptFlags::Text() const {
  if (text_) return *text_;
  if (file_) return ReadFileOrStdin(*file_);
  throw Error(ErrorCategory::kInvalidArgument, "no text was given; use -p TEXT, or -f FILE (- for standard input)");
}

void PromptFlags::RequireTokens(size_t tokens, size_t least) const {
  if (!file_ || tokens >= least) return;
  throw Error(ErrorCategory::kCorrupt, "{} has {} token{}, at least {} {} needed; give a longer text",
              *file_ == "-" ? "standard input" : *file_, tokens, tokens == 1 ? "" : "s", least,
              least == 1 ? "is" : "are");
}

void PromptFlags::CheckNoText(std::string_view why) const {
  if (!special_ && !no_bos_) return;
  throw Error(ErrorCategory::kInvalidArgument, "{} is for -p TEXT or -f FILE: {}; leave it out",
              special_ ? "--special" : "--no-bos", why);
}

std::vector<Token> PromptFlags::Encode(const Tokenizer& tokenizer, std::string_view text) const {
  const SpecialTokens how = special_ ? SpecialTokens::kParse : SpecialTokens::kAsText;
  return no_bos_ ? tokenizer.Encode(text, how) : tokenizer.EncodePrompt(text, how);
}

std::vector<Token> PromptFlags::Tokens(const Tokenizer& tokenizer) const {
  if (ids_) CheckNoText("--ids are tokens already");
  return ids_ ? *ids_ : Encode(tokenizer, Text());
}

}  // namespace sheepop::cli
