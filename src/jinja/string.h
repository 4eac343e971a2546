// Python's string operations on marked text. Positions are code points where the name says so, else bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "jinja/text.h"

namespace sheepop::jinja {

size_t CountCodePoints(std::string_view text);
// The byte at which code point `index` begins; the size when there are fewer.
size_t ByteOfCodePoint(std::string_view text, size_t index);
Text SliceCodePoints(const Text& text, size_t begin, size_t end);
// The code points first, first + step, ... of which there are `count`.
Text PickCodePoints(const Text& text, int64_t first, int64_t step, int64_t count);

// In linear time whatever the texts hold. npos when absent.
size_t FindText(std::string_view text, std::string_view wanted, size_t from = 0);
size_t FindLastText(std::string_view text, std::string_view wanted);
int64_t CountText(std::string_view text, std::string_view wanted);

enum class Side { kFront, kEnd, kBoth };
// Without the characters of `characters` (whitespace when absent) at its sides.
Text Strip(const Text& text, const std::optional<std::string_view>& characters, Side side);

// At most `limit` cuts (all when negative), from the front or the end. Without a separator: at runs of whitespace.
std::vector<Text> Split(const Text& text, const std::optional<std::string_view>& separator, int64_t limit);
std::vector<Text> SplitFromEnd(const Text& text, const std::optional<std::string_view>& separator, int64_t limit);
std::vector<Text> SplitLines(const Text& text, bool keep_ends);

// The size of Replace's result is size + count * (with - wanted): check it first. `limit` as above.
Text Replace(const Text& text, std::string_view wanted, const Text& with, int64_t limit);

// Case by Unicode's simple mappings, and "SS" for sharp s.
Text Upper(const Text& text);
Text Lower(const Text& text);
Text Capitalize(const Text& text);
Text SwapCase(const Text& text);
Text Title(const Text& text);        // str.title(): a word is a run of letters
Text FilterTitle(const Text& text);  // |title: a word begins after whitespace or one of -({[<

bool IsUpper(std::string_view text);
bool IsLower(std::string_view text);
bool IsSpaceText(std::string_view text);
bool IsAlpha(std::string_view text);
bool IsAlnum(std::string_view text);
bool IsDigitText(std::string_view text);

int64_t CountWords(std::string_view text);  // runs of letters, digits and "_"

// & < > " ' as HTML entities.
Text EscapeHtml(const Text& text);

}  // namespace sheepop::jinja
