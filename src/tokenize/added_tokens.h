// Tokens that are found whole in text before the model sees it: control tokens, where the text may hold them, and
// user-defined ones, anywhere. At each place the longest wins, as in the `added_tokens` of tokenizer.json.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_trie.h"
#include "base/token.h"

namespace sheepop {

struct AddedToken {
  Token token = -1;
  std::string text;
  bool control = true;       // found only inside trusted text
  bool normalized = false;   // looked for after the others, in what they left
  bool single_word = false;  // not next to a letter, digit or underscore
  bool strips_left = false;  // swallows the white space before it
  bool strips_right = false;
};

// A part of a text that may hold control tokens.
struct TrustedRange {
  size_t begin, end;
};

struct Fragment {
  size_t begin, end;
  Token token;  // -1: text
};

class AddedTokens {
 public:
  AddedTokens() = default;
  explicit AddedTokens(std::vector<AddedToken> tokens);
  AddedTokens(AddedTokens&&) = default;
  AddedTokens& operator=(AddedTokens&&) = default;

  // Cuts `text` into fragments, none empty. `trusted` is sorted and does not overlap; a control token is found only when
  // all its bytes lie in one range. Linear in the text, times the longest token.
  std::vector<Fragment> Find(std::string_view text, std::span<const TrustedRange> trusted) const;

  bool empty() const { return tokens_.empty(); }

 private:
  void FindIn(const ByteTrie& trie, std::string_view text, Fragment part, std::span<const TrustedRange> trusted,
              std::vector<Fragment>& out) const;

  std::vector<AddedToken> tokens_;
  ByteTrie first_, second_;  // not normalized, normalized; values index tokens_
};

}  // namespace sheepop
