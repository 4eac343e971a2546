#include "tokenize/bpe.h"

#include <bit>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenize/hash.h"

namespace sheepop {

MergeTable::MergeTable(size_t capacity) : slots_(std::bit_ceil(capacity * 2 + 2)), seed_(HashSeed()) {}

size_t MergeTable::Home(Token left, Token right) const {
  return HashPair(static_cast<uint32_t>(left), static_cast<uint32_t>(right), seed_) & (slots_.size() - 1);
}

void MergeTable::Add(Token left, Token right, PairMerge merge) {
  for (size_t i = Home(left, right);; i = (i + 1) & (slots_.size() - 1)) {
    Slot& slot = slots_[i];
    if (slot.left == left && slot.right == right) return;
    if (slot.left < 0) {
      slot = {left, right, merge};
      return;
    }
  }
}

PairMerge MergeTable::Find(Token left, Token right) const {
  if (left < 0 || right < 0) return {};
  for (size_t i = Home(left, right);; i = (i + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[i];
    if (slot.left == left && slot.right == right) return slot.merge;
    if (slot.left < 0) return {};
  }
}

BpeModel::BpeModel(std::shared_ptr<const Vocabulary> vocabulary, const BpeOptions& options)
    : vocabulary_(std::move(vocabulary)),
      options_(options),
      whole_(std::make_unique<std::atomic<Whole>[]>(vocabulary_->size())) {
  for (int i = 0; i < 256; ++i) {
    const char byte = static_cast<char>(i);
    byte_symbols_[static_cast<size_t>(i)] = vocabulary_->FindText({&byte, 1});
  }
}

void BpeModel::Encode(std::string_view word, std::vector<Token>& out, ModelWorkspace& work) const {
  if (word.empty()) return;
  const Token token = word.size() == 1 && options_.byte_symbols ? byte_symbols_[static_cast<uint8_t>(word[0])]
                                                                : vocabulary_->FindText(word);
  if (token >= 0) {
    const Whole whole = whole_[static_cast<size_t>(token)].load(std::memory_order_relaxed);
    if (options_.ignore_merges || whole == Whole::kYes) {
      out.push_back(token);
      work.after_unknown = false;
      return;
    }
  }
  Start(word, work.symbols);
  Merge(word, work);
  if (token >= 0) {
    const bool whole = work.symbols.size() == 1 && work.symbols[0].token == token;
    whole_[static_cast<size_t>(token)].store(whole ? Whole::kYes : Whole::kNo, std::memory_order_relaxed);
  }
  Append(word, work, out);
}

void BpeModel::Start(std::string_view word, std::vector<Symbol>& symbols) const {
  symbols.clear();
  const auto size = static_cast<uint32_t>(word.size());
  for (uint32_t begin = 0; begin < size;) {
    const auto byte = static_cast<uint8_t>(word[begin]);
    if (options_.byte_symbols || byte < 0x80) {
      symbols.push_back({byte_symbols_[byte], begin, begin + 1, 0, 0});
      ++begin;
      continue;
    }
    const uint32_t length = DecodeUtf8(word.substr(begin)).length;
    symbols.push_back({vocabulary_->FindText(word.substr(begin, length)), begin, begin + length, 0, 0});
    begin += length;
  }
}

void BpeModel::Append(std::string_view word, ModelWorkspace& work, std::vector<Token>& out) const {
  for (const Symbol& symbol : work.symbols) {
    const bool after_unknown = std::exchange(work.after_unknown, false);
    if (symbol.token >= 0) {
      out.push_back(symbol.token);
      continue;
    }
    const std::string_view text = word.substr(symbol.begin, symbol.end - symbol.begin);
    if (options_.fallback.bytes && AppendAsBytes(text, out)) continue;
    if (options_.fallback.unknown < 0) {
      throw Error(
          ErrorCategory::kUnsupported,
          "the text has a byte 0x{:02X}, for which this model's vocabulary has no token; leave it out of the text, or "
          "put U+FFFD in its place",
          static_cast<uint8_t>(text[0]));
    }
    if (!after_unknown || !options_.fallback.fuse) out.push_back(options_.fallback.unknown);
    work.after_unknown = true;
  }
}

bool BpeModel::AppendAsBytes(std::string_view text, std::vector<Token>& out) const {
  for (const char c : text) {
    if (vocabulary_->ByteToken(static_cast<uint8_t>(c)) < 0) return false;
  }
  for (const char c : text) out.push_back(vocabulary_->ByteToken(static_cast<uint8_t>(c)));
  return true;
}

void RankedBpe::Merge(std::string_view, ModelWorkspace& work) const {
  const auto pairs = [this](const Symbol& left, const Symbol& right) { return merges_.Find(left.token, right.token); };
  MergeSymbols(pairs, work.symbols, work.heap);
}

namespace {

// Keeps the order of floats, reversed: a higher score is a lower rank, never PairMerge::kNone.
uint32_t RankOfScore(float score) {
  if (std::isnan(score)) return PairMerge::kNone - 1;
  const auto bits = std::bit_cast<uint32_t>(score + 0.0f);
  const uint32_t ascending = bits >> 31 ? ~bits : bits | 0x80000000u;
  return std::min(~ascending, PairMerge::kNone - 1);
}

}  // namespace

ScoredBpe::ScoredBpe(std::shared_ptr<const Vocabulary> vocabulary, const std::vector<double>& scores,
                     const BpeOptions& options)
    : BpeModel(std::move(vocabulary), options) {
  ranks_.reserve(scores.size());
  for (const double score : scores) ranks_.push_back(RankOfScore(static_cast<float>(score)));
}

void ScoredBpe::Merge(std::string_view word, ModelWorkspace& work) const {
  const auto pairs = [&](const Symbol& left, const Symbol& right) -> PairMerge {
    const Token token = vocabulary().FindText(word.substr(left.begin, right.end - left.begin));
    if (token < 0) return {};
    return {ranks_[static_cast<size_t>(token)], token};
  };
  MergeSymbols(pairs, work.symbols, work.heap);
}

}  // namespace sheepop
