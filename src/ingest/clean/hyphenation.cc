#include <utf8proc.h>

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/utf8.h"
#include "ingest/clean/steps.h"
#include "ingest/language.h"

namespace sheepop {
namespace {

bool IsLetter(char32_t c) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_MC;
}

utf8proc_category_t CategoryOf(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }
bool IsLower(char32_t c) { return CategoryOf(c) == UTF8PROC_CATEGORY_LL; }
bool IsUpper(char32_t c) { return CategoryOf(c) == UTF8PROC_CATEGORY_LU; }

struct Cut {
  size_t hyphen = 0, after = 0;  // where the hyphen begins, and where the next line begins
  bool soft = false;             // U+00AD, which exists for nothing else
  bool dash = false;             // longer than a hyphen: it stays
  bool chained = false;          // the word has another hyphen: "mother-in-" before "law"
  std::string head, tail;        // the halves of the word, lower case
  bool alike = false;            // the second goes on as the first ends: small letters, or capitals throughout
};

using Words = std::unordered_set<std::string_view>;

// English writes compounds with these as first or last part with a hyphen; the endings are those of words that begin like one.
const Words kHeads = {"well",  "self",  "half",  "all",   "ill",  "cross",  "high",   "low",   "long",  "short",
                      "left",  "right", "hard",  "fast",  "full", "large",  "small",  "old",   "new",   "real",
                      "open",  "two",   "three", "four",  "five", "six",    "seven",  "eight", "nine",  "first",
                      "third", "state", "user",  "light", "deep", "double", "single", "multi", "broad", "single"};
const Words kTails = {"known",       "based",  "free",     "law",     "called",      "year",    "old",      "term",
                      "scale",       "driven", "specific", "related", "oriented",    "defined", "friendly", "dependent",
                      "established", "being",  "esteem",   "minded",  "looking",     "sized",   "eyed",     "speaking",
                      "determining", "aware",  "century",  "looked",  "independent", "haired"};
const Words kTens = {"twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"};
const Words kUnits = {"one",   "two",   "three", "four",  "five",   "six",
                      "seven", "eight", "nine",  "first", "second", "third"};
const Words kEndings = {
    "able",  "age",   "ages",    "ally",  "ance", "ary",    "ate",   "ated",  "ation",  "coming", "comings", "der",
    "ders",  "dom",   "ed",      "en",    "ence", "ened",   "ening", "eous",  "er",     "eral",   "ered",    "ering",
    "ers",   "est",   "gy",      "hand",  "hood", "ible",   "ing",   "ings",  "ious",   "ish",    "ism",     "ist",
    "istic", "ity",   "ization", "ize",   "ized", "izes",   "land",  "lands", "light",  "lights", "ling",    "load",
    "ly",    "ment",  "ments",   "most",  "ness", "nesses", "ory",   "ous",   "over",   "overs",  "road",    "roads",
    "ry",    "self",  "ship",    "ships", "sion", "some",   "stone", "teen",  "teenth", "ter",    "ther",    "tic",
    "tion",  "tions", "tive",    "ty",    "ure",  "ward",   "wards", "ware",  "way",    "ways",   "word",    "words"};
// "Vor- und Nachteile", "pre- and post-war": the hyphen stands for a word's rest, and a space follows.
const Words kConjunctions = {"und", "oder", "sowie", "beziehungsweise", "and", "or", "et", "ou", "och", "eller"};

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

// The length of the hyphen or dash that `line` ends with, 0 when it ends with none.
size_t DashLength(std::string_view line) {
  for (const std::string_view dash : {"-", "\u00AD", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014"}) {
    if (line.ends_with(dash)) return dash.size();
  }
  return 0;
}

bool IsMark(char32_t c) { return c < 0x20 && IsLayoutMark(static_cast<char>(c)); }

bool AllUpper(std::string_view text, size_t begin, size_t end) {
  size_t count = 0;
  for (; begin < end; ++count) {
    const Utf8Step step = DecodeUtf8(text.substr(begin, end - begin));
    if (!IsUpper(step.code_point)) return false;
    begin += step.length;
  }
  return count > 1;
}

Cut CutAt(std::string_view text, size_t hyphen, size_t after, std::string_view dash) {
  Cut cut;
  cut.hyphen = hyphen;
  cut.after = after;
  cut.soft = dash == "\u00AD";
  cut.dash = dash == "\u2012" || dash == "\u2013" || dash == "\u2014";
  cut.head = LettersBefore(text, hyphen);
  cut.tail = LettersAfter(text, after);
  // Lower case may be shorter or longer than what it comes from, so the ends are found in the text itself.
  size_t begin = hyphen, end = after;
  while (begin > 0 && IsLetter(Before(text, begin).code_point)) begin -= Before(text, begin).length;
  while (end < text.size() && IsLetter(DecodeUtf8(text.substr(end)).code_point))
    end += DecodeUtf8(text.substr(end)).length;
  cut.chained = (begin > 1 && text[begin - 1] == '-' && IsLetter(Before(text, begin - 1).code_point)) ||
                (end + 1 < text.size() && text[end] == '-' && IsLetter(DecodeUtf8(text.substr(end + 1)).code_point));
  cut.alike = IsLower(DecodeUtf8(text.substr(after)).code_point) ||
              (AllUpper(text, begin, hyphen) && AllUpper(text, after, end));
  return cut;
}

std::vector<Cut> FindCuts(std::string_view text) {
  std::vector<Cut> cuts;
  for (size_t at = 1; at + 1 < text.size(); ++at) {
    const char c = text[at];
    if (c != kSoftBreak && c != kPageBreak && c != kColumnBreak) continue;
    if (text[at + 1] == '\n' || (c == kSoftBreak && text[at - 1] == kSoftBreak)) continue;
    const size_t dash = DashLength(text.substr(0, at));
    if (dash > 0) cuts.push_back(CutAt(text, at - dash, at + 1, text.substr(at - dash, dash)));
  }
  return cuts;
}

using Vocabulary = std::unordered_map<std::string, uint32_t>;

// Words as they stand inside lines: letters, and letters around hyphens. The rest of a word that a line's end cut is none.
Vocabulary CountWords(std::string_view text, const std::vector<Cut>& cuts) {
  Vocabulary words;
  std::string word;
  auto cut = cuts.begin();
  for (size_t at = 0; at <= text.size();) {
    while (cut != cuts.end() && cut->after < at) ++cut;
    if (cut != cuts.end() && cut->after == at && !cut->tail.empty()) {
      while (at < text.size() && IsLetter(DecodeUtf8(text.substr(at)).code_point)) {
        at += DecodeUtf8(text.substr(at)).length;
      }
    }
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
  Decider(const Vocabulary& words, const std::vector<Cut>& cuts, bool english) : words_(words), english_(english) {
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
    if (cut.dash || cut.head.empty() || cut.tail.empty() || !cut.alike) return false;
    const int vote = Vote(cut);
    if (vote != 0) return vote > 0;
    return !keeps_ && !cut.chained && !(english_ && IsCompound(cut));
  }

  // True when the hyphen stands for the rest of a word, and a space belongs behind it.
  bool Suspends(const Cut& cut) const {
    return !cut.soft && !cut.dash && !cut.head.empty() && kConjunctions.contains(cut.tail) && Vote(cut) <= 0;
  }

 private:
  uint32_t Count(const std::string& word) const {
    const auto found = words_.find(word);
    return found == words_.end() ? 0 : found->second;
  }

  // What the rest of the document says: 1 one word, -1 a hyphenated one, 0 nothing.
  int Vote(const Cut& cut) const {
    if (cut.head.empty() || cut.tail.empty() || cut.soft || cut.dash || !cut.alike) return 0;
    const uint32_t joined = Count(cut.head + cut.tail), hyphenated = Count(cut.head + "-" + cut.tail);
    if (joined != hyphenated) return joined > hyphenated ? 1 : -1;
    const bool both_words = cut.head.size() > 2 && cut.tail.size() > 2 && Count(cut.head) > 0 && Count(cut.tail) > 0;
    return both_words ? -1 : 0;
  }

  static bool IsCompound(const Cut& cut) {
    if (kTens.contains(cut.head)) return kUnits.contains(cut.tail);
    if (cut.head == "so") return cut.tail == "called";
    if (kTails.contains(cut.tail)) return cut.head.size() > 2;
    return kHeads.contains(cut.head) && cut.tail.size() > 3 && !kEndings.contains(cut.tail);
  }

  const Vocabulary& words_;
  bool english_;
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
    const Vocabulary words = CountWords(document.text, cuts);
    const std::string language = GuessLanguage(document.text).language;
    const Decider decider(words, cuts, language.empty() || language == "en");
    std::string out;
    size_t done = 0;
    for (const Cut& cut : cuts) {
      // A dash between words keeps its space; a kept hyphen between letters or digits loses the line end.
      const Utf8Step before = cut.hyphen > 0 ? Before(document.text, cut.hyphen) : Utf8Step{' ', 1, true};
      const bool joins = decider.Joins(cut) && !decider.Suspends(cut);
      if (!joins && (before.code_point == ' ' || IsMark(before.code_point))) continue;
      out.append(document.text, done, (joins ? cut.hyphen : cut.after - 1) - done);
      if (decider.Suspends(cut)) out.push_back(' ');
      done = cut.after;
      ++result.changes;
    }
    out.append(document.text, done, std::string::npos);
    document.text = std::move(out);
    return result;
  }
};

}  // namespace

std::unique_ptr<CleanStep> MakeHyphenation() { return std::make_unique<Hyphenation>(); }

}  // namespace sheepop
