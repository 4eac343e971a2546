// Text to tokens and back. Immutable, shared between threads.
//
// Any bytes may be encoded. Byte-level vocabularies give them back unchanged: Decode(Encode(x)) == x, unless the model
// normalises text (NFC). Bytes that are not UTF-8 are kept: in byte-level models each maximal run of them is a word of its
// own; SentencePiece models spell them with byte tokens where the vocabulary has those, else as unknown.
//
// Control tokens (<|im_end|>, <s>, ...) are read only from text that is marked as allowed to hold them. Whatever a user
// writes is text. User-defined tokens (runs of spaces, <table>, <think>) are found in any text, as the models were trained;
// one whose name looks like a control token (<|...|>) or ends a turn counts as control.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "base/warning.h"
#include "checkpoint/metadata.h"
#include "tokenize/vocabulary.h"

namespace sheepop {

enum class SpecialTokens {
  kAsText,  // the name of a control token is spelt out like any text
  kParse,   // the name of a control token is that token
};

// A part of a prompt. What came from a message's content is not allowed to be special.
struct TextSpan {
  std::string_view text;
  bool may_be_special = false;
};

struct SpecialTokenIds {
  std::optional<Token> bos, eos, pad, unknown;
  std::vector<Token> end;  // every token that ends a turn or a text, eos among them; ascending
  bool add_bos = false;    // the model expects its prompt to begin with bos
  bool add_eos = false;    // the model was trained with eos behind each text; never added to prompts

  bool Ends(Token token) const;
};

struct TokenizerParts;  // what the loaders hand over; tokenizer_parts.h

class Tokenizer {
 public:
  // From `tokenizer.ggml.*`. Throws kCorrupt, naming the key and the value, for what contradicts itself; kUnsupported for
  // tokenizer models and pre-tokenizers that are not known here.
  static Tokenizer FromGguf(const Metadata& metadata);

  // From a tokenizer.json and, for the names of bos, eos and pad, the tokenizer_config.json beside it (may be empty).
  // `end`: what ends a text besides, by the model's own configuration. Throws like FromGguf, naming the field.
  static Tokenizer FromJson(std::string_view tokenizer_json, std::string_view tokenizer_config_json = {},
                            std::span<const int64_t> end = {});

  explicit Tokenizer(TokenizerParts parts);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // Neither adds bos nor eos. At most 2 GiB, else kLimit. Time n log n, stack constant.
  std::vector<Token> Encode(std::string_view bytes, SpecialTokens how = SpecialTokens::kAsText) const;
  // The spans are one text: words and merges cross their borders as if there were none; control tokens lie wholly inside
  // spans that may be special.
  std::vector<Token> Encode(std::span<const TextSpan> spans) const;

  // Encode, with bos in front when the model wants it and the text does not begin with it already.
  std::vector<Token> EncodePrompt(std::string_view bytes, SpecialTokens how = SpecialTokens::kAsText) const;
  std::vector<Token> EncodePrompt(std::span<const TextSpan> spans) const;

  // Raw bytes; may be part of a UTF-8 character. Throws kInvalidArgument for an id outside the vocabulary.
  std::string_view Piece(Token token) const;
  // The pieces joined, control tokens included; without the one space that Encode put in front for SentencePiece models.
  std::string Decode(std::span<const Token> tokens) const;

  TokenKind Kind(Token token) const;  // throws like Piece
  std::optional<Token> Find(std::string_view piece) const;
  size_t vocab_size() const;
  const SpecialTokenIds& special() const;
  // What whoever opens it should be told; lines begin with `file`.
  std::vector<Warning> Warnings(std::string_view file) const;

 private:
  std::unique_ptr<const TokenizerParts> parts_;
};

// Embedding tables are often padded, so rows beyond the vocabulary are fine. Tokens beyond the rows are too as long as
// no text leads to them: Gemma 3 names a control token for images that only its larger models have. Throws kCorrupt,
// naming `model` and both numbers, when a token that text may become has none of the `rows`.
void RequireRows(const Tokenizer& tokenizer, size_t rows, std::string_view model);

}  // namespace sheepop
