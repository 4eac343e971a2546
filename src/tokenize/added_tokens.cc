#include "tokenize/added_tokens.h"

#include <algorithm>

#include "base/utf8.h"
#include "tokenize/characters.h"

namespace sheepop {
namespace {

size_t PreviousCharacter(std::string_view text, size_t at) {
  size_t begin = at - 1;
  while (begin > 0 && at - begin < 4 && (static_cast<uint8_t>(text[begin]) & 0xC0) == 0x80) --begin;
  return begin;
}

bool WordBefore(std::string_view text, size_t at) {
  return at > 0 && IsWordCharacter(DecodeUtf8(text.substr(PreviousCharacter(text, at))).code_point);
}

bool WordAfter(std::string_view text, size_t at) {
  return at < text.size() && IsWordCharacter(DecodeUtf8(text.substr(at)).code_point);
}

size_t SpacesBefore(std::string_view text, size_t at, size_t limit) {
  while (at > limit) {
    const size_t begin = PreviousCharacter(text, at);
    if (begin < limit || !IsWhiteSpace(DecodeUtf8(text.substr(begin)).code_point)) break;
    at = begin;
  }
  return at;
}

size_t SpacesAfter(std::string_view text, size_t at, size_t limit) {
  while (at < limit) {
    const Utf8Step step = DecodeUtf8(text.substr(at));
    if (!IsWhiteSpace(step.code_point)) break;
    at += step.length;
  }
  return at;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::vector<std::pair<std::string_view, int32_t>> first, second;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    (tokens_[i].normalized ? second : first).emplace_back(tokens_[i].text, static_cast<int32_t>(i));
  }
  first_ = ByteTrie(std::move(first));
  second_ = ByteTrie(std::move(second));
}

std::vector<Fragment> AddedTokens::Find(std::string_view text, std::span<const TrustedRange> trusted) const {
  std::vector<Fragment> found, result;
  FindIn(first_, text, {0, text.size(), -1}, trusted, found);
  if (second_.empty()) return found;
  for (const Fragment& part : found) {
    if (part.token >= 0) {
      result.push_back(part);
    } else {
      FindIn(second_, text, part, trusted, result);
    }
  }
  return result;
}

void AddedTokens::FindIn(const ByteTrie& trie, std::string_view text, Fragment part,
                         std::span<const TrustedRange> trusted, std::vector<Fragment>& out) const {
  size_t done = part.begin;
  size_t range = 0;
  for (size_t at = part.begin; !trie.empty() && at < part.end;) {
    if (!trie.MayBegin(text[at])) {
      ++at;
      continue;
    }
    while (range < trusted.size() && trusted[range].end <= at) ++range;
    const size_t trusted_end = range < trusted.size() && trusted[range].begin <= at ? trusted[range].end : at;
    const AddedToken* best = nullptr;
    size_t best_length = 0;
    trie.VisitPrefixes(text.substr(at, part.end - at), [&](size_t length, int32_t index) {
      const AddedToken& token = tokens_[static_cast<size_t>(index)];
      if (token.control && at + length > trusted_end) return;
      if (token.single_word && (WordBefore(text, at) || WordAfter(text, at + length))) return;
      best = &token;
      best_length = length;
    });
    if (!best) {
      ++at;
      continue;
    }
    const size_t begin = best->strips_left ? SpacesBefore(text, at, done) : at;
    const size_t end = best->strips_right ? SpacesAfter(text, at + best_length, part.end) : at + best_length;
    if (begin > done) out.push_back({done, begin, -1});
    out.push_back({begin, end, best->token});
    done = at = end;
  }
  if (part.end > done) out.push_back({done, part.end, -1});
}

}  // namespace sheepop
