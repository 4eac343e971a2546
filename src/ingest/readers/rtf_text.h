// The text of a Rich Text Format file (Microsoft's specification, 1.9.1): the other side of the count of words
// (fidelity.h). Code pages other than Windows-1252 by the file's \ansicpg.
#pragma once

#include <string>
#include <string_view>

namespace sheepop {

std::string RtfText(std::string_view rtf);  // valid UTF-8, whatever the bytes

// The same file with \'3f for each plain character that stands behind a \u for programs that do not know it: pandoc 2.17
// passes over one more and loses a letter of text.
std::string WithEscapedFallbacks(std::string_view rtf);

}  // namespace sheepop
