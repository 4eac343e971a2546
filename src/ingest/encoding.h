// Text of any encoding to UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sheepop {

struct DecodedText {
  std::string text;       // valid UTF-8, without a byte order mark and without NULs
  std::string encoding;   // as iconv names it
  uint64_t replaced = 0;  // bytes that stood for nothing, now U+FFFD
  uint64_t nuls = 0;      // left out

  // What a person should know of it, for the notes of a document; empty for sound UTF-8.
  std::vector<std::string> Notes() const;
};

// In this order: a byte order mark; UTF-16 by its zero bytes; valid UTF-8, whatever a guesser or a declaration says; then
// the reading with the least damage of UTF-8 with broken characters, `declared` (a name from the document, may be
// empty), uchardet's guess and Windows-1252.
DecodedText ToUtf8(std::string_view bytes, std::string_view declared = {});

// The encoding that ToUtf8 would choose from the beginning of a long text; `head` may end inside a character.
std::string GuessEncoding(std::string_view head, std::string_view declared = {});

// Decodes with a known encoding.
DecodedText Decode(std::string_view bytes, const std::string& encoding);

// Writes \uFFFD for each escaped half of a surrogate pair that stands alone in the strings of a JSON text, which no parser of
// UTF-8 can take; returns how many.
uint64_t ReplaceLoneSurrogates(std::string& json);
std::string LoneSurrogatesNote(uint64_t replaced);  // for the notes of a document

bool IsWide(std::string_view encoding);  // UTF-16 or UTF-32

// True for the beginning of a text in UTF-16 or UTF-32: it has a mark, or zeros on one side of its pairs alone, and what
// it decodes to is characters.
bool IsWideText(std::string_view head);

// Zero bytes in `bytes`; a run of them, such as a crash leaves in a log, counts as one.
uint64_t CountNuls(std::string_view bytes);

}  // namespace sheepop
