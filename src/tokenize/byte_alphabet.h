// The alphabet in which byte-level vocabularies are written: each byte is one printable character (Radford et al. 2019,
// "Language Models are Unsupervised Multitask Learners"). Printable Latin-1 stands for itself, the other 68 bytes for
// U+0100 onwards.
#pragma once

#include <string>
#include <string_view>

namespace sheepop {

// Appends the bytes that `written` stands for. False, with `out` as it was, when a character is not of the alphabet.
bool AppendBytesOfAlphabet(std::string_view written, std::string& out);

// The character that stands for `byte`.
char32_t AlphabetCharacter(unsigned char byte);

}  // namespace sheepop
