// Which files of a book are its chapters, in the order of reading: EPUB 3.3, sections 4.2 and 5.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sheepop {

// Paths inside the book. `member` gives the bytes of a file of the book, "" when there is none. Empty when the package says
// nothing that can be understood.
std::vector<std::string> EpubSpine(const std::function<std::string(const std::string&)>& member);

}  // namespace sheepop
