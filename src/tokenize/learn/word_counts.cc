#include "tokenize/learn/word_counts.h"

#include <algorithm>
#include <exception>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenize/characters.h"
#include "tokenize/hash.h"
#include "tokenize/pre_tokenizers.h"

namespace sheepop {
namespace {

constexpr size_t kPart = size_t{1} << 20;
constexpr size_t kLongestPart = size_t{16} << 20;
constexpr size_t kWaiting = size_t{8} << 20;
constexpr size_t kLongestWord = 4096;  // bytes
constexpr size_t kPieceCharacters = 16;

std::string_view LastCharacter(std::string_view text) {
  size_t begin = text.size() - 1;
  while (begin > 0 && text.size() - begin < 4 && (static_cast<uint8_t>(text[begin]) & 0xC0) == 0x80) --begin;
  return text.substr(begin);
}

// Whether the line end before `at` stands between a character that is no white space and a word: what is left of such a
// place and what is right of it are cut into the same words together and apart.
bool IsSeam(std::string_view text, size_t at) {
  if (text[at - 1] != '\n' || at < 2) return false;
  const Utf8Step next = DecodeUtf8(text.substr(at));
  if (!next.valid || !IsWordCharacter(next.code_point)) return false;
  const Utf8Step before = DecodeUtf8(LastCharacter(text.substr(0, at - 1)));
  return before.valid && !IsWhiteSpace(before.code_point);
}

size_t PartEnd(std::string_view text) {
  if (text.size() <= kPart) return text.size();
  const size_t limit = std::min(text.size(), kLongestPart);
  for (size_t at = text.find('\n', kPart); at < limit; at = text.find('\n', at + 1)) {
    if (at + 1 < limit && IsSeam(text, at + 1)) return at + 1;
  }
  if (limit == text.size()) return limit;
  size_t end = limit;
  while (end > limit - 4 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return end;
}

// A run of one letter, or data that fills a line, would else weigh as much as a book: what it repeats counts once.
void AddInPieces(std::string_view word, WordTable& words) {
  WordTable distinct;
  while (!word.empty()) {
    size_t end = 0;
    for (size_t i = 0; i < kPieceCharacters && end < word.size(); ++i) end += DecodeUtf8(word.substr(end)).length;
    distinct.Add(word.substr(0, end), 1);
    word.remove_prefix(end);
  }
  for (const WordTable::Word& piece : distinct.words()) words.Add(distinct.Text(piece), 1);
}

AddedTokens Cutters(const std::vector<std::string>& special) {
  std::vector<AddedToken> tokens;
  for (const std::string& text : special) {
    if (text.empty() || text.find('\n') != std::string::npos) {
      throw Error(ErrorCategory::kInvalidArgument, "special token {} is empty or holds a line end", tokens.size());
    }
    AddedToken token;
    token.token = static_cast<Token>(tokens.size());
    token.text = text;
    tokens.push_back(std::move(token));
  }
  return AddedTokens(std::move(tokens));
}

}  // namespace

WordTable::WordTable() : seed_(HashSeed()), slots_(size_t{1} << 12) {}

void WordTable::Add(std::string_view word, uint64_t count) {
  const uint64_t hash = HashBytes(word, seed_);
  const auto tag = static_cast<uint32_t>(hash >> 32);
  const size_t mask = slots_.size() - 1;
  size_t slot = hash & mask;
  for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
    Word& known = words_[slots_[slot] - 1];
    if (known.tag == tag && Text(known) == word) {
      known.count += count;
      return;
    }
  }
  if (words_.size() + 1 >= UINT32_MAX) throw Error(ErrorCategory::kLimit, "the corpus has more than 4 billion words");
  words_.push_back({arena_.size(), static_cast<uint32_t>(word.size()), tag, count});
  arena_ += word;
  slots_[slot] = static_cast<uint32_t>(words_.size());
  if (words_.size() * 2 > slots_.size()) Grow();
}

void WordTable::Grow() {
  slots_.assign(slots_.size() * 2, 0);
  const size_t mask = slots_.size() - 1;
  for (size_t i = 0; i < words_.size(); ++i) {
    size_t slot = HashBytes(Text(words_[i]), seed_) & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<uint32_t>(i + 1);
  }
}

void WordTable::Sort() {
  slots_ = {};
  std::sort(words_.begin(), words_.end(), [this](const Word& a, const Word& b) { return Text(a) < Text(b); });
}

WordCounter::WordCounter(std::string_view split, const std::vector<std::string>& special, ThreadPool& pool)
    : special_(Cutters(special)), pool_(pool), tables_(pool.threads()) {
  const PreTokenizer pre = PreTokenizerOf(split);
  splitter_ = MakeSplitter(pre.steps);
  if (pre.nfc) normalizer_.Add(MakeUnicodeStep(UnicodeForm::kNfc));
}

WordCounter::WordCounter(Splitter splitter, Normalizer normalizer, const std::vector<std::string>& special,
                         ThreadPool& pool)
    : splitter_(std::move(splitter)),
      normalizer_(std::move(normalizer)),
      special_(Cutters(special)),
      pool_(pool),
      tables_(pool.threads()) {}

void WordCounter::Add(std::string_view document) {
  bytes_ += document.size();
  if (document.size() > kWaiting) Flush();
  while (document.size() > kWaiting) {
    std::vector<std::string_view> parts;
    for (size_t taken = 0; !document.empty() && taken < kWaiting * 4; taken += parts.back().size()) {
      parts.push_back(document.substr(0, PartEnd(document)));
      document.remove_prefix(parts.back().size());
    }
    Count(parts);
  }
  if (document.empty()) return;
  waiting_ += document;
  ends_.push_back(waiting_.size());
  if (waiting_.size() >= kWaiting) Flush();
}

void WordCounter::Flush() {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  for (const size_t end : ends_) {
    for (std::string_view text = std::string_view(waiting_).substr(begin, end - begin); !text.empty();) {
      parts.push_back(text.substr(0, PartEnd(text)));
      text.remove_prefix(parts.back().size());
    }
    begin = end;
  }
  Count(parts);
  waiting_.clear();
  ends_.clear();
}

void WordCounter::Count(const std::vector<std::string_view>& parts) {
  std::vector<std::exception_ptr> failures(parts.size());
  pool_.ParallelFor(parts.size(), [&](size_t i, size_t worker) {
    try {
      CountPart(parts[i], tables_[worker]);
    } catch (...) {
      failures[i] = std::current_exception();
    }
  });
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

void WordCounter::CountPart(std::string_view part, WordTable& words) const {
  const TrustedRange all = {0, part.size()};
  Normalizer::Buffers buffers;
  std::vector<std::string_view> cut;
  for (const Fragment& fragment : special_.Find(part, {&all, 1})) {
    if (fragment.token >= 0) continue;
    const std::string_view text =
        normalizer_.Apply(part.substr(fragment.begin, fragment.end - fragment.begin), buffers);
    cut.clear();
    splitter_.Split(text, cut);
    for (const std::string_view word : cut) word.size() > kLongestWord ? AddInPieces(word, words) : words.Add(word, 1);
  }
}

WordTable WordCounter::Finish() {
  Flush();
  WordTable all = std::move(tables_[0]);
  for (size_t i = 1; i < tables_.size(); ++i) {
    for (const WordTable::Word& word : tables_[i].words()) all.Add(tables_[i].Text(word), word.count);
    tables_[i] = {};
  }
  all.Sort();
  return all;
}

}  // namespace sheepop
