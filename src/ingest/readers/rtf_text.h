// The text of a Rich Text Format file (Microsoft's specification, 1.9.1): the other side of the count of words
// (fidelity.h). Code pages other than Windows-1252 by the file's \ansicpg.
#pragma once

#include <string>
#include <string_view>

namespace sheepop {

std::string RtfText(std::string_view rtf);  // valid UTF-8, whatever the bytes

}  // namespace sheepop
