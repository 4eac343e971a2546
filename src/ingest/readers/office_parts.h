// Parts of Word and OpenDocument files, changed so that pandoc keeps the text that it leaves out otherwise (2.17 and 3.8
// differ in what): fields, what ruby stands over, boxes and shapes, sections, indexes, damaged parts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sheepop {

struct OfficePart {
  std::string xml;                 // as it was, where nothing had to be changed
  std::vector<std::string> notes;  // what a person should know: damage, boxes moved, readings left out
};

// A part of a Word file that holds text: ISO/IEC 29500-1, 17.
OfficePart WordPart(std::string xml, std::string_view name);
bool IsWordTextPart(std::string_view name);  // of a member of the file: document, footnotes, endnotes

// content.xml of an OpenDocument text: OpenDocument 1.3, part 3.
OfficePart OpenDocumentContent(std::string xml);

}  // namespace sheepop
