#include "ingest/readers/rtf_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "base/utf8.h"
#include "ingest/encoding.h"

namespace sheepop {
namespace {

constexpr size_t kDeepest = 4096;  // groups in groups; what is deeper is read as if it stood there

// Groups that hold no text of the page.
constexpr std::string_view kHidden[] = {"fonttbl",
                                        "colortbl",
                                        "stylesheet",
                                        "info",
                                        "pict",
                                        "header",
                                        "headerl",
                                        "headerr",
                                        "headerf",
                                        "footer",
                                        "footerl",
                                        "footerr",
                                        "footerf",
                                        "object",
                                        "fldinst",
                                        "listtable",
                                        "listoverridetable",
                                        "rsidtbl",
                                        "generator",
                                        "xmlnstbl",
                                        "themedata",
                                        "datastore",
                                        "bkmkstart",
                                        "bkmkend",
                                        "annotation",
                                        "atnid",
                                        "atnauthor",
                                        "filetbl",
                                        "revtbl",
                                        "latentstyles",
                                        "colorschememapping",
                                        "shpinst",
                                        "nonshppict",
                                        "xe",
                                        "tc"};

constexpr std::pair<std::string_view, char32_t> kCharacters[] = {
    {"emdash", 0x2014},    {"endash", 0x2013},    {"lquote", 0x2018},  {"rquote", 0x2019},  {"bullet", 0x2022},
    {"ldblquote", 0x201C}, {"rdblquote", 0x201D}, {"emspace", 0x2003}, {"enspace", 0x2002}, {"par", '\n'},
    {"line", '\n'},        {"sect", '\n'},        {"page", '\n'},      {"cell", '\t'},      {"row", '\n'},
    {"tab", '\t'},         {"nestcell", '\t'},    {"nestrow", '\n'},   {"footnote", ' '}};

template <typename Table>
bool Holds(const Table& table, std::string_view name) {
  return std::ranges::find(table, name) != std::end(table);
}

class Reader {
 public:
  explicit Reader(std::string_view rtf) : rest_(rtf) {}

  std::string Run() {
    while (!rest_.empty()) Step();
    Flush();
    return std::move(out_);
  }

 private:
  struct Group {
    bool hidden = false;
    int skipped = 1;  // characters behind a \u, for programs that do not know it
  };

  void Step() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == '{') {
      if (groups_.size() < kDeepest) {
        groups_.push_back(groups_.back());
      } else {
        ++deeper_;
      }
    } else if (c == '}') {
      if (deeper_ > 0) {
        --deeper_;
      } else if (groups_.size() > 1) {
        groups_.pop_back();
      }
    } else if (c == '\\') {
      Control();
    } else if (c != '\r' && c != '\n') {
      Byte(c);
    }
  }

  void Control() {
    if (rest_.empty()) return;
    const char c = rest_.front();
    if (!std::isalpha(static_cast<unsigned char>(c))) {
      rest_.remove_prefix(1);
      Sign(c);
      return;
    }
    size_t at = 0;
    while (at < rest_.size() && at < 32 && std::isalpha(static_cast<unsigned char>(rest_[at]))) ++at;
    const std::string_view name = rest_.substr(0, at);
    const size_t begin = at;
    if (at < rest_.size() && rest_[at] == '-') ++at;
    while (at < rest_.size() && at < begin + 11 && std::isdigit(static_cast<unsigned char>(rest_[at]))) ++at;
    const int64_t number =
        at > begin ? std::strtoll(std::string(rest_.substr(begin, at - begin)).c_str(), nullptr, 10) : 0;
    if (at < rest_.size() && rest_[at] == ' ') ++at;
    rest_.remove_prefix(at);
    Word(name, number);
  }

  void Sign(char c) {
    if (c == '\'') {
      const std::string hex(rest_.substr(0, 2));
      rest_.remove_prefix(std::min<size_t>(2, rest_.size()));
      Byte(static_cast<char>(std::strtol(hex.c_str(), nullptr, 16)));
    } else if (c == '*') {
      // A destination that may be passed over, unless it is one that holds text.
      if (!rest_.starts_with("\\footnote") && !rest_.starts_with("\\shptxt")) groups_.back().hidden = true;
    } else if (c == '~' || c == '_') {
      Character(c == '~' ? 0xA0 : 0x2011);
    } else if (c == '{' || c == '}' || c == '\\') {
      Byte(c);
    } else if (c == '\n' || c == '\r') {
      Character('\n');
    }
  }

  void Word(std::string_view name, int64_t number) {
    if (Holds(kHidden, name)) {
      groups_.back().hidden = true;
    } else if (name == "shptxt") {
      groups_.back().hidden = false;
    } else if (name == "ansicpg" && number > 0) {
      Flush();
      code_page_ = fmt::format("CP{}", number);
    } else if (name == "bin") {
      rest_.remove_prefix(std::min(rest_.size(), static_cast<size_t>(std::max<int64_t>(number, 0))));
    } else if (name == "uc") {
      groups_.back().skipped = static_cast<int>(std::clamp<int64_t>(number, 0, 8));
    } else if (name == "u") {
      Unit(static_cast<uint32_t>(number) & 0xFFFF);
    } else {
      for (const auto& [word, character] : kCharacters) {
        if (word == name) Character(character);
      }
    }
  }

  // A unit of UTF-16.
  void Unit(uint32_t unit) {
    if (unit >= 0xD800 && unit < 0xDC00) {
      high_ = unit;
    } else if (unit >= 0xDC00 && unit < 0xE000) {
      if (high_ > 0) Character(0x10000 + ((high_ - 0xD800) << 10) + (unit - 0xDC00));
      high_ = 0;
    } else {
      Character(unit);
    }
    passed_over_ = groups_.back().skipped;
  }

  void Byte(char c) {
    if (passed_over_ > 0) {
      --passed_over_;
    } else if (!groups_.back().hidden) {
      bytes_.push_back(c);
    }
  }

  void Character(char32_t c) {
    Flush();
    if (!groups_.back().hidden && c > 0) AppendUtf8(c, out_);
  }

  void Flush() {
    if (!bytes_.empty()) out_ += Decode(bytes_, code_page_).text;
    bytes_.clear();
  }

  std::string_view rest_;
  std::vector<Group> groups_ = {{}};
  std::string code_page_ = "CP1252";
  std::string bytes_;  // in the code page, not yet in `out_`
  std::string out_;
  uint64_t deeper_ = 0;  // open groups beyond those
  uint32_t high_ = 0;    // the first half of a pair
  int passed_over_ = 0;  // bytes still to be
};

}  // namespace

std::string RtfText(std::string_view rtf) { return ToValidUtf8(Reader(rtf).Run()); }

std::string WithEscapedFallbacks(std::string_view rtf) {
  std::string out;
  std::vector<bool> none = {false};  // of each open group: \uc0 holds, nothing stands behind a \u
  for (size_t at = 0; at < rtf.size();) {
    const char c = rtf[at];
    if (c == '{') none.push_back(none.back());
    if (c == '}' && none.size() > 1) none.pop_back();
    if (c != '\\') {
      out.push_back(c);
      ++at;
      continue;
    }
    size_t end = at + 1;
    while (end < rtf.size() && std::isalpha(static_cast<unsigned char>(rtf[end]))) ++end;
    const std::string_view name = rtf.substr(at + 1, end - at - 1);
    if (end < rtf.size() && rtf[end] == '-') ++end;
    while (end < rtf.size() && std::isdigit(static_cast<unsigned char>(rtf[end]))) ++end;
    if (name == "uc") none.back() = rtf.substr(at, end - at) == "\\uc0";
    const bool character = name == "u" && !none.back();
    if (name.empty()) end = std::min(end + 1, rtf.size());  // a sign: the next byte is its own
    if (character && end < rtf.size() && rtf[end] == ' ') ++end;
    out.append(rtf.substr(at, end - at));
    at = end;
    const bool plain =
        character && at < rtf.size() && std::string_view("\\{}\r\n").find(rtf[at]) == std::string_view::npos;
    if (plain) {
      if (out.back() == ' ') out.pop_back();
      out += "\\'3f";
      ++at;
    }
  }
  return out;
}

}  // namespace sheepop
