#include "tokenize/tokenizer.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "tokenize/tokenizer_parts.h"

namespace sheepop {

bool SpecialTokenIds::Ends(Token token) const { return std::binary_search(end.begin(), end.end(), token); }

Tokenizer::Tokenizer(TokenizerParts parts) : parts_(std::make_unique<const TokenizerParts>(std::move(parts))) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

namespace {

class Encoder {
 public:
  explicit Encoder(const TokenizerParts& parts) : parts_(parts) {}

  std::vector<Token> Run(std::string_view text, std::span<const TrustedRange> trusted) {
    constexpr size_t kMaxBytes = size_t{1} << 31;
    if (text.size() > kMaxBytes) {
      throw Error(ErrorCategory::kLimit, "the text has {} bytes; at most {} can be encoded at once", text.size(),
                  kMaxBytes);
    }
    for (const Fragment& fragment : parts_.added.Find(text, trusted)) {
      if (fragment.token >= 0) {
        out_.push_back(fragment.token);
      } else {
        EncodeFragment(text.substr(fragment.begin, fragment.end - fragment.begin), fragment.begin == 0);
      }
    }
    return std::move(out_);
  }

 private:
  void EncodeFragment(std::string_view text, bool first) {
    text = parts_.normalizer.Apply(text, buffers_);
    const bool prefix =
        parts_.prefix_space == PrefixSpace::kEveryFragment || (parts_.prefix_space == PrefixSpace::kFirst && first);
    if (prefix && !text.empty() && !(parts_.prefix_only_if_missing && text.starts_with(' '))) {
      prefixed_.assign(1, ' ');
      prefixed_ += text;
      text = prefixed_;
    }
    words_.clear();
    if (parts_.splitter.empty()) {
      words_.push_back(text);
    } else {
      parts_.splitter.Split(text, words_);
    }
    for (const std::string_view word : words_) EncodeWord(word);
  }

  void EncodeWord(std::string_view word) {
    work_.after_unknown = false;
    size_t begin = 0;
    for (size_t i = 1; parts_.borders && i < word.size(); ++i) {
      const bool character = (static_cast<uint8_t>(word[i]) & 0xC0) != 0x80;
      if (character && !parts_.borders->Meet(word[i - 1], word[i])) {
        parts_.model->Encode(word.substr(begin, i - begin), out_, work_);
        begin = i;
      }
    }
    parts_.model->Encode(word.substr(begin), out_, work_);
  }

  const TokenizerParts& parts_;
  Normalizer::Buffers buffers_;
  std::string prefixed_;
  std::vector<std::string_view> words_;
  ModelWorkspace work_;
  std::vector<Token> out_;
};

void RequireToken(const Vocabulary& vocabulary, Token token) {
  if (!vocabulary.Contains(token)) {
    throw Error(ErrorCategory::kInvalidArgument, "token {} is not in the vocabulary, whose ids are 0 to {}", token,
                static_cast<int64_t>(vocabulary.size()) - 1);
  }
}

}  // namespace

std::vector<Token> Tokenizer::Encode(std::string_view bytes, SpecialTokens how) const {
  const TrustedRange all = {0, how == SpecialTokens::kParse ? bytes.size() : 0};
  return Encoder(*parts_).Run(bytes, {&all, 1});
}

std::vector<Token> Tokenizer::Encode(std::span<const TextSpan> spans) const {
  std::string text;
  std::vector<TrustedRange> trusted;
  for (const TextSpan& span : spans) {
    const size_t begin = text.size();
    text += span.text;
    if (!span.may_be_special || span.text.empty()) continue;
    if (!trusted.empty() && trusted.back().end == begin) {
      trusted.back().end = text.size();
    } else {
      trusted.push_back({begin, text.size()});
    }
  }
  return Encoder(*parts_).Run(text, trusted);
}

namespace {

std::vector<Token> WithBos(std::vector<Token> tokens, const SpecialTokenIds& special) {
  if (special.add_bos && special.bos && (tokens.empty() || tokens.front() != *special.bos)) {
    tokens.insert(tokens.begin(), *special.bos);
  }
  return tokens;
}

}  // namespace

std::vector<Token> Tokenizer::EncodePrompt(std::string_view bytes, SpecialTokens how) const {
  return WithBos(Encode(bytes, how), special());
}

std::vector<Token> Tokenizer::EncodePrompt(std::span<const TextSpan> spans) const {
  return WithBos(Encode(spans), special());
}

std::string_view Tokenizer::Piece(Token token) const {
  RequireToken(*parts_->vocabulary, token);
  return parts_->vocabulary->Piece(token);
}

TokenKind Tokenizer::Kind(Token token) const {
  RequireToken(*parts_->vocabulary, token);
  return parts_->vocabulary->Kind(token);
}

std::string Tokenizer::Decode(std::span<const Token> tokens) const {
  std::string out;
  bool first_text = parts_->prefix_space != PrefixSpace::kNever;
  for (const Token token : tokens) {
    std::string_view piece = Piece(token);
    if (first_text && Kind(token) != TokenKind::kControl) {
      if (piece.starts_with(' ')) piece.remove_prefix(1);
      first_text = false;
    }
    out += piece;
  }
  return out;
}

std::optional<Token> Tokenizer::Find(std::string_view piece) const {
  const Token token = parts_->vocabulary->FindAny(piece);
  return token >= 0 ? std::optional(token) : std::nullopt;
}

size_t Tokenizer::vocab_size() const { return parts_->vocabulary->size(); }

const SpecialTokenIds& Tokenizer::special() const { return parts_->special; }

std::vector<Warning> Tokenizer::Warnings(std::string_view file) const {
  std::vector<Warning> out = parts_->warnings;
  for (Warning& warning : out) warning.line = fmt::format("{}: {}", file, warning.line);
  return out;
}

void RequireRows(const Tokenizer& tokenizer, size_t rows, std::string_view model) {
  for (size_t id = rows; id < tokenizer.vocab_size(); ++id) {
    const TokenKind kind = tokenizer.Kind(static_cast<Token>(id));
    if (kind == TokenKind::kControl || kind == TokenKind::kUnused) continue;
    throw Error(ErrorCategory::kCorrupt, "{}: the tokenizer has {} tokens, the model only {}", model,
                tokenizer.vocab_size(), rows);
  }
}

}  // namespace sheepop
