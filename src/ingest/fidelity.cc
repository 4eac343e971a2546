#include "ingest/fidelity.h"

#include <utf8proc.h>

#include <algorithm>
#include <unordered_map>

#include "base/utf8.h"

namespace sheepop {
namespace {

constexpr size_t kExamples = 20;
constexpr size_t kExampleBytes = 80;
constexpr uint64_t kSearchBytes = uint64_t{4} << 30;  // read in looking for words among their neighbours

bool IsAsciiWord(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool IsWordCharacter(char32_t c) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;  // letters, marks, numbers
}

// Scripts that write words without spaces: Thai to Lao, Myanmar, Khmer, kana and Han.
bool StandsAlone(char32_t c) {
  return (c >= 0x0E00 && c < 0x0F00) || (c >= 0x1000 && c < 0x10A0) || (c >= 0x1780 && c < 0x1800) ||
         (c >= 0x3040 && c < 0x3100) || (c >= 0x3400 && c < 0xA000) || (c >= 0xF900 && c < 0xFB00) ||
         (c >= 0x20000 && c < 0x32000);
}

// Characters inside words that nobody sees: the soft hyphen and the marks of width zero.
bool IsUnseen(char32_t c) { return c == 0xAD || (c >= 0x200B && c <= 0x200F) || c == 0x2060 || c == 0xFEFF; }

struct Words {
  std::string packed;            // all words without what stands between them
  std::vector<uint32_t> begins;  // of each in `packed`, and its size

  size_t size() const { return begins.size() - 1; }
  std::string_view operator[](size_t i) const {
    return std::string_view(packed).substr(begins[i], begins[i + 1] - begins[i]);
  }
  // With its neighbours.
  std::string_view Around(size_t i) const {
    const size_t begin = begins[i > 0 ? i - 1 : 0], end = begins[std::min(i + 2, size())];
    return std::string_view(packed).substr(begin, end - begin);
  }
};

Words Split(std::string_view text) {
  Words words;
  bool open = false;  // the last word may go on
  const auto begin_word = [&] {
    if (!open) words.begins.push_back(static_cast<uint32_t>(words.packed.size()));
    open = true;
  };
  while (!text.empty()) {
    const char first = text.front();
    if (static_cast<unsigned char>(first) < 0x80) {
      text.remove_prefix(1);
      if (IsAsciiWord(first)) {
        begin_word();
        words.packed.push_back(first);
      } else {
        open = false;
      }
      continue;
    }
    const Utf8Step step = DecodeUtf8(text);
    const std::string_view bytes = text.substr(0, step.length);
    text.remove_prefix(step.length);
    if (IsUnseen(step.code_point)) continue;
    const bool alone = StandsAlone(step.code_point);
    open = open && !alone;
    if (!IsWordCharacter(step.code_point)) {
      open = false;
      continue;
    }
    begin_word();
    words.packed.append(bytes);
    open = !alone;
  }
  words.begins.push_back(static_cast<uint32_t>(words.packed.size()));
  return words;
}

using Balance = std::unordered_map<std::string_view, int64_t>;

bool HasLetter(std::string_view word) {
  return std::any_of(word.begin(), word.end(), [](char c) { return static_cast<unsigned char>(c) >= 'A'; });
}

// Counts the words of `from` that `balance` has too many of, unless they stand in `other` between the same neighbours.
class Counter {
 public:
  Counter(const Words& from, const Words& other, Balance& balance) : from_(from), other_(other), balance_(balance) {}

  uint64_t Count(int sign, bool letters_only, std::vector<std::string>& examples) {
    uint64_t count = 0;
    // Of a word that stands often and is short by one, the places that are not found are the ones.
    for (size_t i = 0; i < from_.size(); ++i) {
      const std::string_view word = from_[i];
      const auto entry = balance_.find(word);
      if (entry == balance_.end() || entry->second * sign <= 0) continue;
      if (letters_only && !HasLetter(word)) continue;
      if (StandsInOther(i)) continue;
      entry->second -= sign;
      ++count;
      const std::string shown(word.substr(0, kExampleBytes));
      if (examples.size() < kExamples && std::ranges::find(examples, shown) == examples.end()) {
        examples.push_back(ToValidUtf8(shown));
      }
    }
    return count;
  }

 private:
  bool StandsInOther(size_t i) {
    if (searched_ > kSearchBytes) return false;
    searched_ += other_.packed.size();
    return other_.packed.find(from_.Around(i)) != std::string::npos;
  }

  const Words& from_;
  const Words& other_;
  Balance& balance_;
  uint64_t searched_ = 0;
};

}  // namespace

Fidelity CompareWords(std::string_view source, std::string_view text) {
  const Words wanted = Split(source), found = Split(text);
  Balance balance;
  for (size_t i = 0; i < wanted.size(); ++i) ++balance[wanted[i]];
  for (size_t i = 0; i < found.size(); ++i) --balance[found[i]];
  std::erase_if(balance, [](const auto& entry) { return entry.second == 0; });
  Fidelity fidelity;
  fidelity.words = wanted.size();
  fidelity.missing = Counter(wanted, found, balance).Count(1, false, fidelity.missing_words);
  fidelity.added = Counter(found, wanted, balance).Count(-1, true, fidelity.added_words);
  return fidelity;
}

}  // namespace sheepop
