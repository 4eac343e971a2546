#include "ingest/readers/markup_text.h"

#include <libxml/HTMLparser.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <initializer_list>

#include "base/utf8.h"

namespace sheepop {
namespace {

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

// The character that `&...;` at the front stands for and its length; 0 when it is none.
std::pair<char32_t, size_t> Entity(std::string_view text) {
  const size_t end = text.substr(0, 40).find(';');
  if (end == std::string_view::npos || end < 2) return {0, 0};
  const std::string name(text.substr(1, end - 1));
  if (name[0] == '#') {
    const bool hex = name.size() > 1 && (name[1] == 'x' || name[1] == 'X');
    uint32_t value = 0;
    const char* begin = name.data() + (hex ? 2 : 1);
    const auto [stop, error] = std::from_chars(begin, name.data() + name.size(), value, hex ? 16 : 10);
    const bool good = error == std::errc() && stop == name.data() + name.size() && value > 0 && value < 0x110000 &&
                      (value < 0xD800 || value > 0xDFFF);
    return good ? std::pair<char32_t, size_t>{value, end + 1} : std::pair<char32_t, size_t>{0, 0};
  }
  if (name == "apos") return {U'\'', end + 1};
  const htmlEntityDesc* entity = htmlEntityLookup(reinterpret_cast<const xmlChar*>(name.c_str()));
  return entity ? std::pair<char32_t, size_t>{entity->value, end + 1} : std::pair<char32_t, size_t>{0, 0};
}

struct Tag {
  std::string name;  // local
  std::string_view attributes;
  bool end = false, empty = false;
};

class Scanner {
 public:
  Scanner(std::string_view markup, const MarkupRules& rules) : rest_(markup), rules_(rules) {}

  std::string Run() {
    while (!rest_.empty()) {
      if (rest_.front() == '<' && Markup()) continue;
      Character();
    }
    return std::move(out_);
  }

 private:
  bool Shown() const { return hidden_.empty() && (!rules_.only_text_elements || texts_ > 0); }

  void Character() {
    if (rest_.front() == '&') {
      const auto [character, length] = Entity(rest_);
      if (length > 0) {
        if (Shown()) AppendUtf8(character, out_);
        rest_.remove_prefix(length);
        return;
      }
    }
    if (Shown()) out_.push_back(rest_.front());
    rest_.remove_prefix(1);
  }

  // Comments, declarations and tags; false where the < is text.
  bool Markup() {
    if (rest_.starts_with("<!--")) return SkipPast("-->");
    if (rest_.starts_with("<![CDATA[")) {
      const size_t end = std::min(rest_.find("]]>"), rest_.size());
      if (Shown()) out_.append(rest_.substr(9, end - std::min<size_t>(end, 9)));
      rest_.remove_prefix(std::min(end + 3, rest_.size()));
      return true;
    }
    if (rest_.starts_with("<?")) return SkipPast(rules_.html ? ">" : "?>");
    if (rest_.starts_with("<!")) return SkipPast(">");
    const size_t name = rest_.starts_with("</") ? 2 : 1;
    if (name >= rest_.size() || !(std::isalpha(static_cast<unsigned char>(rest_[name])) || rest_[name] == '_'))
      return false;
    Take(ReadTag());
    return true;
  }

  bool SkipPast(std::string_view mark) {
    const size_t end = rest_.find(mark);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + mark.size());
    return true;
  }

  Tag ReadTag() {
    Tag tag;
    size_t at = 1;
    if (rest_[1] == '/') tag.end = true, at = 2;
    const size_t begin = at;
    while (at < rest_.size() && !IsSpace(rest_[at]) && rest_[at] != '>' && rest_[at] != '/') ++at;
    std::string_view name = rest_.substr(begin, at - begin);
    if (!rules_.html && name.find(':') != std::string_view::npos) name.remove_prefix(name.find(':') + 1);
    tag.name = rules_.html ? Lower(name) : std::string(name);
    const size_t attributes = at;
    char quote = 0;
    for (; at < rest_.size() && (quote || rest_[at] != '>'); ++at) {
      const bool value = at > attributes && (rest_[at - 1] == '=' || IsSpace(rest_[at - 1]));
      if (quote) {
        if (rest_[at] == quote) quote = 0;
      } else if ((rest_[at] == '"' || rest_[at] == '\'') && value) {
        quote = rest_[at];
      }
    }
    tag.attributes = rest_.substr(attributes, at - attributes);
    tag.empty = tag.attributes.ends_with('/') && !rules_.html;
    if (rules_.html) {
      tag.empty = IsOneOf(tag.name, {"br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed",
                                     "param", "source", "track", "wbr"});
    }
    rest_.remove_prefix(std::min(at + 1, rest_.size()));
    return tag;
  }

  void Take(const Tag& tag) {
    if (!hidden_.empty()) {
      // Only elements of the same name matter until the hidden one ends.
      if (tag.name == hidden_ && !tag.empty) depth_ += tag.end ? -1 : 1;
      if (depth_ == 0) hidden_.clear();
      return;
    }
    const MarkupRole role = rules_.role(tag.name, tag.attributes);
    if (role == MarkupRole::kBlock) out_.push_back(' ');
    if (role == MarkupRole::kText && !tag.empty) texts_ = std::max(0, texts_ + (tag.end ? -1 : 1));
    if (role != MarkupRole::kHidden || tag.end || tag.empty) return;
    if (rules_.html && IsOneOf(tag.name, {"script", "style", "textarea"})) {
      // Their content is no markup.
      const std::string end = "</" + tag.name;
      size_t at = 0;
      while (at < rest_.size() && Lower(rest_.substr(at, end.size())) != end)
        at = std::min(rest_.find('<', at + 1), rest_.size());
      rest_.remove_prefix(at);
      SkipPast(">");
      return;
    }
    hidden_ = tag.name;
    depth_ = 1;
  }

  std::string_view rest_;
  const MarkupRules& rules_;
  std::string out_;
  std::string hidden_;  // the element whose text is passed over, "" when there is none
  int depth_ = 0;       // elements of that name that are open
  int texts_ = 0;
};

bool HidesItself(std::string_view attributes) {
  if (attributes.empty()) return false;
  const std::string lower = Lower(attributes);
  if (lower.find("display:none") != std::string::npos || lower.find("display: none") != std::string::npos) return true;
  for (size_t at = 0; (at = lower.find("hidden", at)) != std::string::npos; at += 6) {
    const char before = at > 0 ? lower[at - 1] : ' ', after = at + 6 < lower.size() ? lower[at + 6] : ' ';
    if (IsSpace(before) && (IsSpace(after) || after == '=' || after == '/')) return true;
  }
  return false;
}

MarkupRole HtmlRole(std::string_view name, std::string_view attributes) {
  if (IsOneOf(name, {"script", "style", "template", "head", "svg", "iframe", "object", "canvas", "noscript", "select",
                     "textarea", "button", "datalist", "audio", "video"}) ||
      HidesItself(attributes)) {
    return MarkupRole::kHidden;
  }
  return IsOneOf(name, {"a",    "abbr", "acronym", "b",    "bdi",  "bdo",  "big",   "blink", "cite",   "code",
                        "data", "del",  "dfn",     "em",   "font", "i",    "ins",   "kbd",   "label",  "mark",
                        "nobr", "q",    "rb",      "ruby", "s",    "samp", "small", "span",  "strike", "strong",
                        "sub",  "sup",  "time",    "tt",   "u",    "var",  "wbr",   "rp",    "rt",     "rtc"})
             ? MarkupRole::kInline
             : MarkupRole::kBlock;
}

MarkupRole WordRole(std::string_view name, std::string_view) {
  if (name == "t") return MarkupRole::kText;
  if (IsOneOf(name, {"Fallback", "rt", "oMath", "oMathPara", "moveFrom", "del"})) return MarkupRole::kHidden;
  return IsOneOf(name,
                 {"p", "tab", "br", "cr", "tc", "tr", "tbl", "txbxContent", "footnoteReference", "endnoteReference"})
             ? MarkupRole::kBlock
             : MarkupRole::kInline;
}

MarkupRole OpenDocumentRole(std::string_view name, std::string_view) {
  if (IsOneOf(name, {"annotation", "tracked-changes", "ruby-text", "note-citation", "script", "forms", "desc", "title",
                     "object", "font-face-decls", "automatic-styles", "event-listeners"})) {
    return MarkupRole::kHidden;
  }
  return IsOneOf(name, {"span", "a", "meta", "ruby", "ruby-base", "bookmark", "bookmark-start", "bookmark-end",
                        "reference-mark", "reference-mark-start", "reference-mark-end", "soft-page-break", "change",
                        "change-start", "change-end"})
             ? MarkupRole::kInline
             : MarkupRole::kBlock;
}

}  // namespace

const MarkupRules kHtmlRules{HtmlRole, true, false};
const MarkupRules kWordRules{WordRole, false, true};
const MarkupRules kOpenDocumentRules{OpenDocumentRole, false, false};

std::string MarkupText(std::string_view markup, const MarkupRules& rules) { return Scanner(markup, rules).Run(); }

}  // namespace sheepop
