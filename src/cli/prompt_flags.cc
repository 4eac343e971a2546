#include "cli/prompt_flags.h"

#include "base/error.h"
#include "cli/console.h"

namespace sheepop::cli {

void PromptFlags::Register(CLI::App& app, bool with_ids) {
  app.add_option_function<std::string>(
         "-p,--prompt",
         [this](const std::string& text) {
           text_ = text;
           text_given_ = true;
         },
         "the text itself")
      ->type_name("TEXT");
  app.add_option_function<std::string>(
         "-f,--file",
         [this](const std::string& file) {
           file_ = file;
           file_given_ = true;
         },
         "read the text from a file; - is standard input")
      ->type_name("FILE");
  if (with_ids) {
    app.add_option_function<std::vector<Token>>(
           "--ids",
           [this](const std::vector<Token>& ids) {
             ids_ = ids;
             ids_given_ = true;
           },
           "token ids, separated by commas, instead of text")
        ->delimiter(',')
        ->type_name("N,N,..");
  }
  app.add_flag("--special", special_, "read the names of control tokens in the text as those tokens");
  app.add_flag("--no-bos", no_bos_, "do not put the model's begin-of-text token in front");
}

std::string PromptFlags::Text() const {
  if (text_given_ + file_given_ + ids_given_ > 1) {
    throw Error(ErrorCategory::kInvalidArgument, "give one of -p, -f and --ids, not several");
  }
  if (text_given_) return text_;
  if (file_given_) return ReadText(file_);
  throw Error(ErrorCategory::kInvalidArgument, "no text was given; use -p TEXT, or -f FILE (- for standard input)");
}

std::vector<Token> PromptFlags::Tokens(const Tokenizer& tokenizer) const {
  if (ids_given_ && !text_given_ && !file_given_) return ids_;
  const std::string text = Text();
  const SpecialTokens how = special_ ? SpecialTokens::kParse : SpecialTokens::kAsText;
  return no_bos_ ? tokenizer.Encode(text, how) : tokenizer.EncodePrompt(text, how);
}

}  // namespace sheepop::cli
