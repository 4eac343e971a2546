// Where a prompt comes from: -p TEXT, -f FILE (or - for standard input), or --ids.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "tokenize/tokenizer.h"

namespace sheepop::cli {

class PromptFlags {
 public:
  void Register(CLI::App& app, bool with_ids = true);

  bool given() const { return text_given_ || file_given_ || ids_given_; }
  bool has_ids() const { return ids_given_; }
  const std::vector<Token>& ids() const { return ids_; }

  // The text of -p or -f. Throws kInvalidArgument when there is neither.
  std::string Text() const;

  // With bos in front when the model wants it. Control tokens in text are text, unless --special was given.
  std::vector<Token> Encode(const Tokenizer& tokenizer, std::string_view text) const;

  // The ids given, or those of the text.
  std::vector<Token> Tokens(const Tokenizer& tokenizer) const;

 private:
  std::string text_, file_;
  std::vector<Token> ids_;
  bool text_given_ = false, file_given_ = false, ids_given_ = false;
  bool special_ = false, no_bos_ = false;
};

}  // namespace sheepop::cli
