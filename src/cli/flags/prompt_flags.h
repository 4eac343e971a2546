// Where a prompt comes from: -p TEXT, -f FILE (or - for standard input), or --ids.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "cli/flags/flag_set.h"
#include "tokenize/tokenizer.h"

namespace sheepop::cli {

class PromptFlags {
 public:
  void Register(FlagSet flags, bool with_ids = true);

  bool given() const { return text_ || file_ || ids_; }
  // The file of -f, - for standard input.
  const std::optional<std::string>& file() const { return file_; }
  bool has_ids() const { return ids_.has_value(); }
  std::vector<Token> ids() const { return ids_.value_or(std::vector<Token>{}); }

  // The text of -p or -f. Throws kInvalidArgument when there is neither.
  std::string Text() const;

  // With bos in front when the model wants it. Control tokens in text are text, unless --special was given.
  std::vector<Token> Encode(const Tokenizer& tokenizer, std::string_view text) const;

  // Of a file, kCorrupt instead of what follows from too few tokens: it is no flag that is wrong.
  void RequireTokens(size_t tokens, size_t least) const;

  // Throws kInvalidArgument when --special or --no-bos was given, which only text that is encoded has a use for.
  void CheckNoText(std::string_view why) const;

  // The ids given, or those of the text. Throws like CheckNoText for ids.
  std::vector<Token> Tokens(const Tokenizer& tokenizer) const;

 private:
  std::optional<std::string> text_, file_;
  std::optional<std::vector<Token>> ids_;
  bool special_ = false, no_bos_ = false;
};

}  // namespace sheepop::cli
