#include "cli/flags/prompt_flags.h"

#include <type_traits>

#include "base/error.h"
#include "base/text_file.h"
#include "cli/console.h"

namespace sheepop::cli {

void PromptFlags::Register(CLI::App& app, bool with_ids) {
  const auto set = [](auto& value, bool& given) {
    return [&](const std::remove_reference_t<decltype(value)>& read) {
      value = read;
      given = true;
    };
  };
  CLI::Option* text = app.add_option_function<std::string>("-p,--prompt", set(text_, text_given_), "the text itself")
                          ->type_name("TEXT");
  CLI::Option* file = app.add_option_function<std::string>("-f,--file", set(file_, file_given_),
                                                           "read the text from a file; - is standard input")
                          ->type_name("FILE")
                          ->excludes(text);
  if (with_ids) {
    app.add_option_function<std::vector<Token>>("--ids", set(ids_, ids_given_),
                                                "token ids, separated by commas, instead of text")
        ->delimiter(',')
        ->type_name("N,N,..")
        ->excludes(text)
        ->excludes(file);
  }
  app.add_flag("--special", special_, "read the names of control tokens in the text as those tokens");
  app.add_flag("--no-bos", no_bos_, "do not put the model's begin-of-text token in front");
}

std::string PromptFlags::Text() const {
  if (text_given_) return text_;
  if (file_given_) return ReadFileOrStdin(file_);
  throw Error(ErrorCategory::kInvalidArgument, "no text was given; use -p TEXT, or -f FILE (- for standard input)");
}

std::vector<Token> PromptFlags::Encode(const Tokenizer& tokenizer, std::string_view text) const {
  const SpecialTokens how = special_ ? SpecialTokens::kParse : SpecialTokens::kAsText;
  return no_bos_ ? tokenizer.Encode(text, how) : tokenizer.EncodePrompt(text, how);
}

std::vector<Token> PromptFlags::Tokens(const Tokenizer& tokenizer) const {
  return ids_given_ ? ids_ : Encode(tokenizer, Text());
}

}  // namespace sheepop::cli
