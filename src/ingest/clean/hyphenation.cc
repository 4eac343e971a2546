#include <utf8proc.h>

#include <string>
#include <unordered_map>

#include "base/utf8.h"
#include "ingest/clean/steps.h"

namespace sheepop {
namespace {

bool IsLetter(char32_t c) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_MC;
}

bool IsLower(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)) == UTF8PROC_CATEGORY_LL; }

struct Cut {
  size_t hyphen = 0, after = 0;  // where the hyphen begins, and where the next line begins
  bool soft = false;             // U+00AD, which exists for nothing else
  std::string head, tail;        // the halves of the word, lower case
  bool lower = false;            // the second begins with a small letter
};

// The last character that ends before `at`.
Utf8Step Before(std::string_view text, size_t at) {
  size_t begin = at;
  while (begin > 0 && at - begin < 4) {
    --begin;
    if ((static_cast<unsigned char>(text[begin]) & 0xC0) != 0x80) break;
  }
  return DecodeUtf8(text.substr(begin, at - begin));
}

std::string LettersBefore(std::string_view text, size_t at) {
  std::u32string letters;
  while (at > 0 && letters.size() < 40) {
    const Utf8Step step = Before(text, at);
    if (!IsLetter(step.code_point)) break;
    letters.insert(letters.begin(),
                   static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(step.code_point))));
    at -= step.length;
  }
  std::string word;
  for (const char32_t c : letters) AppendUtf8(c, word);
  return word;
}

std::string LettersAfter(std::string_view text, size_t at) {
  std::string word;
  for (size_t count = 0; at < text.size() && count < 40; ++count) {
    const Utf8Step step = DecodeUtf8(text.substr(at));
    if (!IsLetter(step.code_point)) break;
    AppendUtf8(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(step.code_point))), word);
    at += step.length;
  }
  return word;
}

std::vector<Cut> FindCuts(std::string_view text) {
  std::vector<Cut> cuts;
  for (size_t at = 1; at < text.size(); ++at) {
    const char c = text[at];
    if (c != kSoftBreak && c != kPageBreak && c != kColumnBreak) continue;
    if (c == kSoftBreak && text[at - 1] == kSoftBreak) continue;
    Cut cut;
    const std::string_view line = text.substr(0, at);
    cut.soft = line.ends_with("\xC2\xAD");
    if (!cut.soft && !line.ends_with('-') && !line.ends_with("\xE2\x80\x90")) continue;
    cut.hyphen = at - (line.ends_with('-') ? 1 : cut.soft ? 2 : 3);
    cut.after = at + 1;
    if (cut.after >= text.size() || text[cut.after] == '\n') continue;
    cut.head = LettersBefore(text, cut.hyphen);
    cut.tail = LettersAfter(text, cut.after);
    cut.lower = IsLower(DecodeUtf8(text.substr(cut.after)).code_point);
    cuts.push_back(std::move(cut));
  }
  return cuts;
}

using Vocabulary = std::unordered_map<std::string, uint32_t>;

// Words as they stand inside lines: letters, and letters around hyphens.
Vocabulary CountWords(std::string_view text) {
  Vocabulary words;
  std::string word;
  for (size_t at = 0; at <= text.size();) {
    const Utf8Step step = at < text.size() ? DecodeUtf8(text.substr(at)) : Utf8Step{' ', 1, true};
    at += step.length;
    const bool hyphen = step.code_point == '-' || step.code_point == 0x2010;
    if (IsLetter(step.code_point)) {
      AppendUtf8(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(step.code_point))), word);
    } else if (hyphen && !word.empty() && !word.ends_with('-')) {
      word.push_back('-');
    } else if (!word.empty()) {
      if (!word.ends_with('-')) ++words[word];
      word.clear();
    }
  }
  return words;
}

class Decider {
 public:
  Decider(const Vocabulary& words, const std::vector<Cut>& cuts) : words_(words) {
    size_t joined = 0, kept = 0;
    for (const Cut& cut : cuts) {
      const int vote = Vote(cut);
      joined += vote > 0;
      kept += vote < 0;
    }
    // A program that never cuts words ends lines only at hyphens that belong there.
    keeps_ = joined == 0 && kept >= 3;
  }

  // True when the hyphen was only put there by the line's end.
  bool Joins(const Cut& cut) const {
    if (cut.soft) return true;
    if (cut.head.empty() || cut.tail.empty() || !cut.lower) return false;
    const int vote = Vote(cut);
    return vote == 0 ? !keeps_ : vote > 0;
  }

 private:
  uint32_t Count(const std::string& word) const {
    const auto found = words_.find(word);
    return found == words_.end() ? 0 : found->second;
  }

  // What the rest of the document says: 1 one word, -1 a hyphenated one, 0 nothing.
  int Vote(const Cut& cut) const {
    if (cut.head.empty() || cut.tail.empty() || cut.soft || !cut.lower) return 0;
    const uint32_t joined = Count(cut.head + cut.tail), hyphenated = Count(cut.head + "-" + cut.tail);
    if (joined != hyphenated) return joined > hyphenated ? 1 : -1;
    const bool both_words = cut.head.size() > 2 && cut.tail.size() > 2 && Count(cut.head) > 0 && Count(cut.tail) > 0;
    return both_words ? -1 : 0;
  }

  const Vocabulary& words_;
  bool keeps_ = false;
};

class Hyphenation : public CleanStep {
 public:
  std::string_view name() const override { return "hyphenation"; }

  CleanResult Apply(Document& document) const override {
    CleanResult result;
    if (!document.laid_out) return result;
    const std::vector<Cut> cuts = FindCuts(document.text);
    if (cuts.empty()) return result;
    const Vocabulary words = CountWords(document.text);
    const Decider decider(words, cuts);
    std::string out;
    size_t done = 0;
    for (const Cut& cut : cuts) {
      const bool joins = decider.Joins(cut);
      // A dash between words keeps its space; a kept hyphen between letters or digits loses the line end.
      const Utf8Step before = cut.hyphen > 0 ? Before(document.text, cut.hyphen) : Utf8Step{' ', 1, true};
      if (!joins && (before.code_point == ' ' || IsBreakMark(before.code_point))) continue;
      out.append(document.text, done, (joins ? cut.hyphen : cut.after - 1) - done);
      done = cut.after;
      ++result.changes;
    }
    out.append(document.text, done, std::string::npos);
    document.text = std::move(out);
    return result;
  }

 private:
  static bool IsBreakMark(char32_t c) {
    return c == kSoftBreak || c == kHardBreak || c == kColumnBreak || c == kPageBreak;
  }
};

}  // namespace

std::unique_ptr<CleanStep> MakeHyphenation() { return std::make_unique<Hyphenation>(); }

}  // namespace sheepop
