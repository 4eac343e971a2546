#include "tokenize/onigmo_pattern.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace sheepop {
namespace {

// White_Space of Unicode; PCRE2's own \s also has U+180E.
constexpr std::string_view kSpace = R"(\t-\r\x{85}\p{Z})";
constexpr std::string_view kWord = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc})";
// Outside of a class Oniguruma counts a few more characters of Latin-1 among them.
constexpr std::string_view kWordAlone = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{B2}\x{B3}\x{B9}\x{BC}-\x{BE})";
constexpr std::string_view kHex = "0-9A-Fa-f";

// Longer names are scripts, for which PCRE2 would take Script_Extensions and Oniguruma takes Script.
// clang-format off
constexpr std::array<std::string_view, 12> kPropertiesThatAreNoScripts = {
    "Any",        "L&",    "Alphabetic", "Lowercase",          "Uppercase",    "White_Space",
    "Ideographic", "Emoji", "Math",       "Emoji_Presentation", "Extended_Pictographic", "Default_Ignorable_Code_Point"};
// clang-format on

class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  std::string Run() {
    while (at_ < pattern_.size()) {
      const char c = pattern_[at_];
      if (c == '\\') {
        Escape();
      } else if (depth_ > 0) {
        InClass(c);
      } else if (c == '[') {
        OpenClass();
      } else {
        if (pattern_.substr(at_, 2) == "(?") CheckFlags();
        Copy(1);
      }
    }
    return std::move(out_);
  }

 private:
  [[noreturn]] void Refuse(std::string_view what) const {
    throw Error(ErrorCategory::kUnsupported, "split pattern '{}' has {} at byte {}, which cannot be read here",
                pattern_, what, at_);
  }

  void Copy(size_t count) {
    count = std::min(count, pattern_.size() - at_);
    out_ += pattern_.substr(at_, count);
    at_ += count;
  }

  void OpenClass() {
    ++depth_;
    Copy(1);
    if (at_ < pattern_.size() && pattern_[at_] == '^') Copy(1);
    if (at_ < pattern_.size() && pattern_[at_] == ']') {
      out_ += '\\';
      Copy(1);
    }
  }

  void InClass(char c) {
    if (c == '[' && pattern_.substr(at_, 2) == "[:") {
      const size_t close = pattern_.find(":]", at_);
      if (close == std::string_view::npos) Refuse("an unfinished [: :]");
      Copy(close + 2 - at_);
    } else if (c == '[') {
      // A class within a class is a union, so its brackets may go.
      if (pattern_.substr(at_, 2) == "[^") Refuse("a negated class within a class");
      ++depth_;
      ++at_;
    } else if (c == ']') {
      --depth_;
      if (depth_ == 0) out_ += ']';
      ++at_;
    } else if (pattern_.substr(at_, 2) == "&&") {
      Refuse("an intersection of classes (&&)");
    } else {
      Copy(1);
    }
  }

  void CheckFlags() const {
    for (size_t i = at_ + 2; i < pattern_.size(); ++i) {
      const char c = pattern_[i];
      if (c == 'm') Refuse("the flag (?m)");
      if (c != 'i' && c != 'x' && c != '-') return;
    }
  }

  void Class(std::string_view members, bool negated) {
    if (depth_ > 0) {
      out_ += members;
    } else {
      out_ += negated ? "[^" : "[";
      out_ += members;
      out_ += ']';
    }
    at_ += 2;
  }

  // PCRE2's own goes by its \w, which is another set.
  void Border(bool negated) {
    const std::string word = "[" + std::string(kWordAlone) + "]";
    out_ += negated ? "(?:(?<=" + word + ")(?=" + word + ")|(?<!" + word + ")(?!" + word + "))"
                    : "(?:(?<=" + word + ")(?!" + word + ")|(?<!" + word + ")(?=" + word + "))";
    at_ += 2;
  }

  void Escape() {
    if (at_ + 1 >= pattern_.size()) Refuse("a lone backslash");
    const char c = pattern_[at_ + 1];
    // Inside a class a negated shorthand cannot be spelt out; PCRE2's own differs by U+180E at most.
    const bool negated = c == 'S' || c == 'W' || c == 'H';
    if (negated && depth_ > 0) {
      if (c == 'H') Refuse("\\H within a class");
      Copy(2);
    } else if (c == 's' || c == 'S') {
      Class(kSpace, negated);
    } else if (c == 'w' || c == 'W') {
      Class(depth_ > 0 ? kWord : kWordAlone, negated);
    } else if (c == 'h' || c == 'H') {
      Class(kHex, negated);
    } else if ((c == 'b' || c == 'B') && depth_ == 0) {
      Border(c == 'B');
    } else if (c == 'p' || c == 'P') {
      Property();
    } else if (c == 'u') {
      out_ += "\\x{";
      out_ += pattern_.substr(std::min(at_ + 2, pattern_.size()), 4);
      out_ += '}';
      at_ = std::min(at_ + 6, pattern_.size());
    } else {
      Copy(2);
    }
  }

  void Property() {
    const size_t close = pattern_.find('}', at_);
    if (pattern_.substr(at_ + 2, 1) != "{" || close == std::string_view::npos) {
      Copy(2);
      return;
    }
    std::string_view name = pattern_.substr(at_ + 3, close - at_ - 3);
    out_ += pattern_.substr(at_, 3);
    if (name.starts_with('^')) {
      out_ += '^';
      name.remove_prefix(1);
    }
    const bool script =
        name.size() > 2 && std::find(kPropertiesThatAreNoScripts.begin(), kPropertiesThatAreNoScripts.end(), name) ==
                               kPropertiesThatAreNoScripts.end();
    if (script) out_ += "sc:";
    out_ += name;
    out_ += '}';
    at_ = close + 1;
  }

  std::string_view pattern_;
  size_t at_ = 0;
  size_t depth_ = 0;
  std::string out_;
};

}  // namespace

std::string PcrePatternFromOnigmo(std::string_view pattern) { return Translator(pattern).Run(); }

}  // namespace sheepop
