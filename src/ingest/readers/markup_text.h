// The text of a marked-up document, found without a parser: the other side of the count of words (fidelity.h).
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace sheepop {

// What an element does to the text in it. Names are local, without a prefix, in lower case for HTML.
enum class MarkupRole {
  kInline,  // may stand inside a word
  kBlock,   // ends the word before it and the one in it
  kHidden,  // its text is not shown
  kText,    // inline, and its text is shown where `only_text_elements` is set
};

struct MarkupRules {
  MarkupRole (*role)(std::string_view name, std::string_view attributes);
  bool html = false;                // names in any case, elements without an end, scripts
  bool only_text_elements = false;  // white space and words outside kText elements are none
};

// Any bytes that are valid UTF-8, however broken the markup.
std::string MarkupText(std::string_view markup, const MarkupRules& rules);

extern const MarkupRules kHtmlRules;
extern const MarkupRules kWordRules;          // WordprocessingML
extern const MarkupRules kOpenDocumentRules;  // content.xml

}  // namespace sheepop
