// Where UTF-8 begins and ends in a text of any bytes.
#pragma once

#include <cstddef>
#include <string_view>

namespace sheepop {

size_t ValidUtf8Prefix(std::string_view text);    // bytes at the front that are valid UTF-8
size_t InvalidUtf8Prefix(std::string_view text);  // bytes at the front up to the first valid character

}  // namespace sheepop
