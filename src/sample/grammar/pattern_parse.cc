// ECMA-262 (2024), section 22.2.1, with the flag u; Annex B, section B.1.2, where that cannot be read.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/quoted.h"
#include "base/utf8.h"
#include "sample/grammar/pattern_tree.h"
#include "sample/grammar/unicode_property.h"

namespace sheepop::grammar {
namespace {

constexpr size_t kMostPatternBytes = size_t{1} << 20;
constexpr size_t kMostDepth = 200;
constexpr uint64_t kMostRepetitions = uint64_t{1} << 31;
constexpr uint64_t kEndless = UINT64_MAX;

CharSet Digits() { return CharSet({{'0', '9'}}); }

CharSet WhiteSpace() {
  return CharSet({{'\t', '\r'},
                  {' ', ' '},
                  {0xA0, 0xA0},
                  {0x1680, 0x1680},
                  {0x2000, 0x200A},
                  {0x2028, 0x2029},
                  {0x202F, 0x202F},
                  {0x205F, 0x205F},
                  {0x3000, 0x3000},
                  {0xFEFF, 0xFEFF}});
}

CharSet LineEnds() { return CharSet({{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}); }

bool IsDigit(char32_t c) { return c >= '0' && c <= '9'; }
bool IsOctal(char32_t c) { return c >= '0' && c <= '7'; }
bool IsLetter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::optional<uint32_t> HexDigit(char32_t c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

class Parser {
 public:
  Parser(std::string_view pattern, bool unicode, RegexPool& pool) : pattern_(pattern), unicode_(unicode), pool_(pool) {
    for (size_t at = 0; at < pattern.size();) {
      const Utf8Step step = DecodeUtf8(pattern.substr(at));
      if (!step.valid) {
        throw Error(ErrorCategory::kInvalidArgument, "pattern {} is not UTF-8 at offset {}", Quoted(pattern), at);
      }
      text_.push_back(step.code_point);
      offsets_.push_back(at);
      at += step.length;
    }
    offsets_.push_back(pattern.size());
    CountGroups();
  }

  PatternTree Parse() {
    PatternTree tree = Alternatives();
    if (!AtEnd()) Fault("a ) that closes nothing");
    return tree;
  }

 private:
  bool AtEnd() const { return at_ == text_.size(); }
  char32_t Peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : U'\0'; }
  bool Sees(std::u32string_view what) const { return std::u32string_view(text_).substr(at_).starts_with(what); }
  bool Take(std::u32string_view what) {
    if (!Sees(what)) return false;
    at_ += what.size();
    return true;
  }

  [[noreturn]] void Fault(std::string_view what) const {
    throw Error(ErrorCategory::kInvalidArgument, "pattern {} is not a regular expression: {} at offset {}",
                Quoted(pattern_), what, offsets_[at_]);
  }
  [[noreturn]] void Refuse(size_t at, std::string_view what, std::string_view instead) const {
    throw Error(ErrorCategory::kUnsupported, "pattern {} has {} at offset {}: {}", Quoted(pattern_), what, offsets_[at],
                instead);
  }

  void CountGroups() {
    bool in_class = false;
    for (size_t i = 0; i < text_.size(); ++i) {
      const std::u32string_view rest = std::u32string_view(text_).substr(i);
      if (text_[i] == '\\') {
        ++i;
      } else if (text_[i] == '[') {
        in_class = true;
      } else if (text_[i] == ']') {
        in_class = false;
      } else if (text_[i] == '(' && !in_class) {
        const bool named = rest.starts_with(U"(?<") && !rest.starts_with(U"(?<=") && !rest.starts_with(U"(?<!");
        if (named || !rest.starts_with(U"(?")) ++groups_;
        named_groups_ |= named;
      }
    }
  }

  PatternTree Alternatives() {
    if (++depth_ > kMostDepth) {
      throw Error(ErrorCategory::kLimit, "pattern {} nests its groups deeper than {} at offset {}: write it flatter",
                  Quoted(pattern_), kMostDepth, offsets_[at_]);
    }
    PatternTree tree = {.kind = PatternTree::kAlternatives, .offset = offsets_[at_]};
    do {
      tree.inner.push_back(Sequence());
    } while (Take(U"|"));
    --depth_;
    if (tree.inner.size() == 1) return std::move(tree.inner[0]);
    const auto is_regex = [](const PatternTree& one) { return one.kind == PatternTree::kRegex; };
    if (!std::all_of(tree.inner.begin(), tree.inner.end(), is_regex)) return tree;
    std::vector<RegexId> parts;
    for (const PatternTree& one : tree.inner) parts.push_back(one.regex);
    return {.kind = PatternTree::kRegex, .offset = tree.offset, .regex = pool_.Union(parts)};
  }

  PatternTree Sequence() {
    PatternTree tree = {.kind = PatternTree::kSequence, .offset = offsets_[at_]};
    std::vector<RegexId> run;
    bool one_character = false;
    size_t run_offset = tree.offset;
    const auto end_run = [&] {
      if (run.empty()) return;
      tree.inner.push_back({.kind = PatternTree::kRegex,
                            .one_character = one_character && run.size() == 1,
                            .offset = run_offset,
                            .regex = pool_.Concat(run)});
      run.clear();
    };
    while (!AtEnd() && Peek() != '|' && Peek() != ')') {
      PatternTree term = Quantified(Term());
      if (term.kind != PatternTree::kRegex) {
        end_run();
        tree.inner.push_back(std::move(term));
        continue;
      }
      if (run.empty()) run_offset = term.offset;
      one_character = term.one_character;
      run.push_back(term.regex);
    }
    end_run();
    if (tree.inner.empty()) return {.kind = PatternTree::kRegex, .offset = tree.offset, .regex = pool_.Epsilon()};
    if (tree.inner.size() == 1) return std::move(tree.inner[0]);
    return tree;
  }

  PatternTree Class(CharSet set, size_t at) {
    return {.kind = PatternTree::kRegex, .one_character = true, .offset = offsets_[at], .regex = pool_.Chars(set)};
  }

  PatternTree Term() {
    const size_t begin = at_;
    const char32_t c = Peek();
    if (Take(U"^")) return {.kind = PatternTree::kBegin, .offset = offsets_[begin]};
    if (Take(U"$")) return {.kind = PatternTree::kEnd, .offset = offsets_[begin]};
    if (Take(U"(")) return Group(begin);
    if (Take(U".")) return Class(LineEnds().Complement(), begin);
    if (Take(U"[")) return Class(Bracket(begin), begin);
    if (Take(U"\\")) return Escape(begin);
    if (c == '*' || c == '+' || c == '?') Fault("nothing to repeat");
    if (c == '{') {
      if (Braces(false)) Fault("nothing to repeat");
      if (unicode_) Fault("a { that counts nothing");
    }
    if (unicode_ && (c == '}' || c == ']')) Fault("a bracket that closes nothing");
    ++at_;
    return Class(CharSet::Of(c), begin);
  }

  PatternTree Group(size_t begin) {
    PatternTree look = {.kind = PatternTree::kRegex, .offset = offsets_[begin]};
    if (Take(U"?=")) {
      look.kind = PatternTree::kAhead;
    } else if (Take(U"?!")) {
      look.kind = PatternTree::kAhead;
      look.negated = true;
    } else if (Take(U"?<=")) {
      look.kind = PatternTree::kBehind;
    } else if (Take(U"?<!")) {
      look.kind = PatternTree::kBehind;
      look.negated = true;
    } else if (Take(U"?<")) {
      const size_t name = at_;
      while (!AtEnd() && Peek() != '>') ++at_;
      if (AtEnd() || at_ == name) Fault("a group without a name");
      ++at_;
    } else if (!Take(U"?:") && Sees(U"?")) {
      Refuse(begin, "a group of another kind than (...), (?:...), (?<name>...), (?=...), (?!...), (?<=...), (?<!...)",
             "write its characters out");
    }
    PatternTree inner = Alternatives();
    if (!Take(U")")) {
      at_ = begin;
      Fault("a ( that is not closed");
    }
    if (look.kind == PatternTree::kRegex) {
      inner.grouped = true;
      return inner;
    }
    look.inner.push_back(std::move(inner));
    return look;
  }

  // {n}, {n,}, {n,m}; nothing, and nothing taken, where it is none.
  std::optional<std::pair<uint64_t, uint64_t>> Braces(bool take) {
    const size_t begin = at_;
    ++at_;
    std::optional<std::pair<uint64_t, uint64_t>> counts;
    if (const std::optional<uint64_t> least = Count(begin)) {
      counts = {*least, *least};
      if (Take(U",")) counts->second = Count(begin).value_or(kEndless);
      if (!Take(U"}")) counts.reset();
    }
    if (!counts || !take) at_ = begin;
    return counts;
  }

  std::optional<uint64_t> Count(size_t begin) {
    if (!IsDigit(Peek())) return std::nullopt;
    uint64_t count = 0;
    for (; IsDigit(Peek()); ++at_) count = std::min(count * 10 + (Peek() - '0'), kMostRepetitions + 1);
    if (count > kMostRepetitions) {
      throw Error(ErrorCategory::kLimit, "pattern {} repeats more than {} times at offset {}: leave the count out",
                  Quoted(pattern_), kMostRepetitions, offsets_[begin]);
    }
    return count;
  }

  PatternTree Quantified(PatternTree term) {
    std::pair<uint64_t, uint64_t> counts = {1, 1};
    const size_t begin = at_;
    if (Take(U"*")) {
      counts = {0, kEndless};
    } else if (Take(U"+")) {
      counts = {1, kEndless};
    } else if (Take(U"?")) {
      counts = {0, 1};
    } else if (Sees(U"{")) {
      const auto braces = Braces(true);
      if (!braces) return term;
      counts = *braces;
    } else {
      return term;
    }
    Take(U"?");
    if (counts.first > counts.second) {
      at_ = begin;
      Fault("a count from more to less");
    }
    const bool assertion = term.kind == PatternTree::kBegin || term.kind == PatternTree::kEnd ||
                           term.kind == PatternTree::kBoundary || term.kind == PatternTree::kBehind ||
                           (term.kind == PatternTree::kAhead && unicode_);
    if (assertion && !term.grouped) {
      at_ = begin;
      Fault("nothing to repeat");
    }
    if (term.kind == PatternTree::kRegex) {
      const std::optional<uint64_t> most = counts.second == kEndless ? std::nullopt : std::optional(counts.second);
      return {
          .kind = PatternTree::kRegex, .offset = term.offset, .regex = pool_.Repeat(term.regex, counts.first, most)};
    }
    PatternTree repeat = {
        .kind = PatternTree::kRepeat, .offset = term.offset, .least = counts.first, .most = counts.second};
    repeat.inner.push_back(std::move(term));
    return repeat;
  }

  // \d \D \w \W \s \S \p{...} \P{...}, after the reverse solidus.
  std::optional<CharSet> ClassEscape() {
    const char32_t c = Peek();
    std::optional<CharSet> set;
    if (c == 'd' || c == 'D') set = Digits();
    if (c == 'w' || c == 'W') set = WordCharacters();
    if (c == 's' || c == 'S') set = WhiteSpace();
    if (set) {
      ++at_;
    } else if (c == 'p' || c == 'P') {
      set = Property();
    }
    if (set && (c == 'D' || c == 'W' || c == 'S' || c == 'P')) return set->Complement();
    return set;
  }

  CharSet Property() {
    const size_t begin = at_ - 1;
    ++at_;
    std::string name;
    bool closed = false;
    if (Take(U"{")) {
      while (!AtEnd() && Peek() != '}') AppendUtf8(text_[at_++], name);
      closed = Take(U"}");
    }
    std::optional<CharSet> set = closed ? UnicodeProperty(name) : std::nullopt;
    if (!set) {
      Refuse(begin, "the unknown property " + Quoted(name),
             "write \\p{L} or another general category, \\p{Script=Greek} or another script, or the ranges");
    }
    if (!unicode_) RefuseWithoutUnicode(begin, "\\p");
    return *set;
  }

  // Without the flag u these are letters that repeat or follow each other, which nobody means.
  [[noreturn]] void RefuseWithoutUnicode(size_t begin, std::string_view what) const {
    Refuse(begin, what,
           "it means this only with the flag u, with which the rest cannot be read: escape only ^$\\.*+?()[]{}|/");
  }

  PatternTree Escape(size_t begin) {
    if (AtEnd()) Fault("a \\ at the end");
    if (Take(U"b")) return {.kind = PatternTree::kBoundary, .offset = offsets_[begin]};
    if (Take(U"B")) return {.kind = PatternTree::kBoundary, .negated = true, .offset = offsets_[begin]};
    if (std::optional<CharSet> set = ClassEscape()) return Class(*std::move(set), begin);
    const char32_t c = Peek();
    if (c == 'k' && named_groups_) RefuseReference(begin);
    if (c >= '1' && c <= '9') {
      size_t number = 0;
      for (size_t i = at_; i < text_.size() && IsDigit(text_[i]); ++i) {
        number = std::min<size_t>(number * 10 + (text_[i] - '0'), kMostPatternBytes + 1);
      }
      if (number <= groups_) RefuseReference(begin);
    }
    return Class(CharSet::Of(CharacterEscape()), begin);
  }

  [[noreturn]] void RefuseReference(size_t begin) const {
    Refuse(begin, "a back-reference", "what it stands for is not known beforehand; write the alternatives out");
  }

  // After the reverse solidus.
  char32_t CharacterEscape() {
    const char32_t c = text_[at_++];
    switch (c) {
      case 't': return '\t';
      case 'n': return '\n';
      case 'v': return '\v';
      case 'f': return '\f';
      case 'r': return '\r';
      case 'c':
        if (IsLetter(Peek())) return text_[at_++] % 32;
        if (unicode_) Fault("\\c without a letter");
        --at_;
        return '\\';
      case 'x': return HexEscape(2, c);
      case 'u': return UnicodeEscape();
      default: break;
    }
    if (IsDigit(c)) return DecimalEscape(c);
    constexpr std::u32string_view kSyntax = U"^$\\.*+?()[]{}|/";
    if (unicode_ && kSyntax.find(c) == std::u32string_view::npos) {
      --at_;
      Fault("a \\ before a character that needs none");
    }
    return c;
  }

  char32_t DecimalEscape(char32_t c) {
    if (unicode_) {
      if (c == '0' && !IsDigit(Peek())) return 0;
      --at_;
      Fault("the number of a group that is not there");
    }
    if (!IsOctal(c)) return c;
    char32_t value = c - '0';
    for (int i = 0; i < 2 && IsOctal(Peek()) && value * 8 + (Peek() - '0') <= 0xFF; ++i) {
      value = value * 8 + (text_[at_++] - '0');
    }
    return value;
  }

  // `digits` of them; otherwise, by Annex B, the letter itself.
  char32_t HexEscape(size_t digits, char32_t letter) {
    char32_t value = 0;
    for (size_t i = 0; i < digits; ++i) {
      const std::optional<uint32_t> digit = HexDigit(Peek(i));
      if (!digit) {
        if (unicode_) Fault("a hexadecimal number that is too short");
        return letter;
      }
      value = value << 4U | *digit;
    }
    at_ += digits;
    return value;
  }

  char32_t UnicodeEscape() {
    const size_t begin = at_;
    if (unicode_ && Take(U"{")) {
      char32_t value = 0;
      for (; HexDigit(Peek()); ++at_) value = std::min<char32_t>(value << 4U | *HexDigit(Peek()), 0x110000);
      if (at_ == begin + 1 || value > 0x10FFFF || !Take(U"}")) Fault("no character's number");
      return value;
    }
    if (Sees(U"{") && HexDigit(Peek(1))) RefuseWithoutUnicode(begin - 2, "\\u{...}");
    const char32_t high = HexEscape(4, 'u');
    if (high < 0xD800 || high > 0xDBFF || !Sees(U"\\u")) return high;
    const size_t second = at_;
    at_ += 2;
    const char32_t low = HexDigit(Peek()) ? HexEscape(4, 'u') : U'u';
    if (low >= 0xDC00 && low <= 0xDFFF) return 0x10000 + ((high - 0xD800) << 10U) + (low - 0xDC00);
    at_ = second;
    return high;
  }

  struct ClassAtom {
    CharSet set;
    std::optional<char32_t> one;
  };

  ClassAtom OneOfClass() {
    if (!Take(U"\\")) {
      const char32_t c = text_[at_++];
      return {CharSet::Of(c), c};
    }
    if (AtEnd()) Fault("a \\ at the end");
    if (std::optional<CharSet> set = ClassEscape()) return {*std::move(set), std::nullopt};
    char32_t c = 0;
    if (Take(U"b")) {
      c = '\b';
    } else if (Take(U"-")) {
      c = '-';
    } else if (!unicode_ && Peek() == 'c' && (IsDigit(Peek(1)) || Peek(1) == '_')) {
      c = Peek(1) % 32;
      at_ += 2;
    } else {
      c = CharacterEscape();
    }
    return {CharSet::Of(c), c};
  }

  // After the [.
  CharSet Bracket(size_t begin) {
    const bool negated = Take(U"^");
    std::vector<CharSet::Range> ranges;
    const auto add = [&](const CharSet& set) { ranges.insert(ranges.end(), set.ranges().begin(), set.ranges().end()); };
    while (!Take(U"]")) {
      if (AtEnd()) {
        at_ = begin;
        Fault("a [ that is not closed");
      }
      const size_t from_at = at_;
      const ClassAtom from = OneOfClass();
      if (Peek() != '-' || at_ + 1 >= text_.size() || Peek(1) == ']') {
        add(from.set);
        continue;
      }
      ++at_;
      const ClassAtom to = OneOfClass();
      if (from.one && to.one) {
        if (*from.one > *to.one) {
          at_ = from_at;
          Fault("a range from greater to less");
        }
        ranges.push_back({*from.one, *to.one});
        continue;
      }
      if (unicode_) {
        at_ = from_at;
        Fault("a range whose end is a class");
      }
      add(from.set);
      add(to.set);
      add(CharSet::Of('-'));
    }
    const CharSet set(std::move(ranges));
    return negated ? set.Complement() : set;
  }

  std::string_view pattern_;
  bool unicode_;
  RegexPool& pool_;
  std::u32string text_;
  std::vector<size_t> offsets_;
  size_t at_ = 0;
  size_t depth_ = 0;
  size_t groups_ = 0;
  bool named_groups_ = false;
};

}  // namespace

CharSet WordCharacters() { return CharSet({{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}); }

PatternTree ParsePatternTree(std::string_view pattern, RegexPool& pool) {
  if (pattern.size() > kMostPatternBytes) {
    throw Error(ErrorCategory::kLimit, "a pattern has {} bytes, and may have {}: make it shorter", pattern.size(),
                kMostPatternBytes);
  }
  try {
    return Parser(pattern, true, pool).Parse();
  } catch (const Error& error) {
    if (error.category() != ErrorCategory::kInvalidArgument) throw;
  }
  return Parser(pattern, false, pool).Parse();
}

}  // namespace sheepop::grammar
