// HTML to text: paragraphs apart by a blank line, list items after "- " or their number, table cells apart by a tab,
// preformatted text as it stands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sheepop {

struct HtmlText {
  std::string title;
  std::string text;
  uint64_t navigation_characters = 0;  // left out: menus, footers, lists of links
  std::string navigation;              // its words
};

enum class HtmlPart {
  kMain,   // what the page is about
  kWhole,  // everything that is shown; for pages that a converter made
};

enum class HtmlStyle {
  kPlain,
  kMarkdown,  // headings, lists, tables, code and footnotes keep their role
};

// `utf8` is valid UTF-8; any markup, however broken. Throws kLimit when it is nested deeper than 20,000 elements or takes
// more than 60 s of processor time.
HtmlText HtmlToText(std::string_view utf8, HtmlPart part, HtmlStyle style = HtmlStyle::kPlain);

// The encoding that a meta element declares in the first bytes, or "".
std::string DeclaredHtmlEncoding(std::string_view head);

}  // namespace sheepop
