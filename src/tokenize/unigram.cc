#include "tokenize/unigram.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/utf8.h"

namespace sheepop {

Unigram::Unigram(std::shared_ptr<const Vocabulary> vocabulary, std::vector<double> scores, const Fallback& fallback)
    : vocabulary_(std::move(vocabulary)), scores_(std::move(scores)), fallback_(fallback) {
  constexpr double kUnknownPenalty = 10;
  double lowest = 0;
  std::vector<std::pair<std::string_view, int32_t>> keys;
  for (size_t i = 0; i < scores_.size(); ++i) {
    const auto token = static_cast<Token>(i);
    const TokenKind kind = vocabulary_->Kind(token);
    if (kind == TokenKind::kUserDefined) scores_[i] = 0;
    if (kind != TokenKind::kNormal && kind != TokenKind::kUserDefined) continue;
    if (!std::isfinite(scores_[i])) {
      throw Error(ErrorCategory::kCorrupt, "the score of token {} is {}; scores must be finite", token, scores_[i]);
    }
    lowest = std::min(lowest, scores_[i]);
    keys.emplace_back(vocabulary_->Piece(token), token);
  }
  unknown_score_ = lowest - kUnknownPenalty;
  trie_ = ByteTrie(std::move(keys));
}

void Unigram::Encode(std::string_view word, std::vector<Token>& out, ModelWorkspace& work) const {
  constexpr double kUnreached = -std::numeric_limits<double>::infinity();
  const size_t size = word.size();
  work.scores.assign(size + 1, kUnreached);
  work.starts.assign(size + 1, 0);
  work.tokens.assign(size + 1, -1);
  work.scores[0] = 0;
  const auto offer = [&](size_t begin, size_t end, double score, Token token) {
    if (score <= work.scores[end]) return;
    work.scores[end] = score;
    work.starts[end] = static_cast<uint32_t>(begin);
    work.tokens[end] = token;
  };
  for (size_t begin = 0; begin < size;) {
    const uint32_t character = DecodeUtf8(word.substr(begin)).length;
    const double so_far = work.scores[begin];
    bool covered = false;
    trie_.VisitPrefixes(word.substr(begin), [&](size_t length, int32_t token) {
      covered |= length == character;
      offer(begin, begin + length, so_far + scores_[static_cast<size_t>(token)], token);
    });
    if (!covered) offer(begin, begin + character, so_far + unknown_score_, -1);
    begin += character;
  }

  std::vector<uint32_t> ends;
  for (auto end = static_cast<uint32_t>(size); end > 0; end = work.starts[end]) ends.push_back(end);
  size_t begin = 0;
  for (auto end = ends.rbegin(); end != ends.rend(); begin = *end++) {
    if (work.tokens[*end] >= 0) {
      out.push_back(work.tokens[*end]);
      continue;
    }
    while (fallback_.fuse && end + 1 != ends.rend() && work.tokens[*(end + 1)] < 0) ++end;
    AppendUnknown(word.substr(begin, *end - begin), out);
  }
}

void Unigram::AppendUnknown(std::string_view text, std::vector<Token>& out) const {
  const auto has_token = [&](char c) { return vocabulary_->ByteToken(static_cast<uint8_t>(c)) >= 0; };
  if (fallback_.bytes && std::all_of(text.begin(), text.end(), has_token)) {
    for (const char c : text) out.push_back(vocabulary_->ByteToken(static_cast<uint8_t>(c)));
  } else if (fallback_.unknown >= 0) {
    out.push_back(fallback_.unknown);
  } else {
    throw Error(ErrorCategory::kUnsupported,
                "the text has a byte 0x{:02X}, for which this model's vocabulary has no token; leave it out of the "
                "text, or put U+FFFD in its place",
                static_cast<uint8_t>(text[0]));
  }
}

}  // namespace sheepop
