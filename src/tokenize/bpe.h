// Byte-pair encoding in its two forms: merges listed as pairs with ranks (GPT-2, tokenizer.json), and SentencePiece's,
// where a pair may merge when the vocabulary holds the joined text, best score first (Kudo & Richardson 2018).
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "tokenize/merge_loop.h"
#include "tokenize/token_model.h"
#include "tokenize/vocabulary.h"

namespace sheepop {

// (left, right) -> rank and merged token. Open addressing; the first rank given to a pair stays.
class MergeTable {
 public:
  explicit MergeTable(size_t capacity);  // the largest number of pairs that will be added
  void Add(Token left, Token right, PairMerge merge);
  PairMerge Find(Token left, Token right) const;

 private:
  struct Slot {
    Token left = -1, right = -1;
    PairMerge merge;
  };
  size_t Home(Token left, Token right) const;

  std::vector<Slot> slots_;
  uint64_t seed_;
};

// How text that the vocabulary cannot spell comes out.
struct Fallback {
  Token unknown = -1;  // -1: the vocabulary has none
  bool bytes = false;  // byte tokens, where the vocabulary has all that a character needs
  bool fuse = false;   // neighbouring unknown characters are one unknown token
};

struct BpeOptions {
  bool byte_symbols = true;    // merging starts from bytes; otherwise from UTF-8 characters
  bool ignore_merges = false;  // a word that is a token is that token, whatever the merges say
  Fallback fallback;
};

// What both forms share: the symbols to start with, the fallback, and the words known to be one token.
class BpeModel : public TokenModel {
 public:
  void Encode(std::string_view word, std::vector<Token>& out, ModelWorkspace& work) const final;

 protected:
  BpeModel(std::shared_ptr<const Vocabulary> vocabulary, const BpeOptions& options);
  virtual void Merge(std::string_view word, ModelWorkspace& work) const = 0;
  const Vocabulary& vocabulary() const { return *vocabulary_; }

 private:
  // Whether merging a piece's own text gives that one token. Found out once and remembered: a cache whose content does
  // not depend on who fills it.
  enum class Whole : uint8_t { kNotYetKnown, kYes, kNo };

  void Start(std::string_view word, std::vector<Symbol>& symbols) const;
  void Append(std::string_view word, ModelWorkspace& work, std::vector<Token>& out) const;
  bool AppendAsBytes(std::string_view text, std::vector<Token>& out) const;

  std::shared_ptr<const Vocabulary> vocabulary_;
  BpeOptions options_;
  std::array<Token, 256> byte_symbols_;  // the token of each single byte, or -1
  std::unique_ptr<std::atomic<Whole>[]> whole_;
};

class RankedBpe final : public BpeModel {
 public:
  RankedBpe(std::shared_ptr<const Vocabulary> vocabulary, MergeTable merges, const BpeOptions& options)
      : BpeModel(std::move(vocabulary), options), merges_(std::move(merges)) {}

 private:
  void Merge(std::string_view word, ModelWorkspace& work) const override;

  MergeTable merges_;
};

class ScoredBpe final : public BpeModel {
 public:
  // scores: [vocabulary size], higher is merged first; NaN counts as the lowest.
  ScoredBpe(std::shared_ptr<const Vocabulary> vocabulary, const std::vector<double>& scores, const BpeOptions& options);

 private:
  void Merge(std::string_view word, ModelWorkspace& work) const override;

  std::vector<uint32_t> ranks_;  // [vocabulary size]
};

}  // namespace sheepop
