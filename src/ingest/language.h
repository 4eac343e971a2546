// Which language a prose text is in, by its script and its commonest words. Made for telling a language from another
// and sense from nonsense, on texts of a sentence and more; not for dialects.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sheepop {

struct LanguageGuess {
  std::string language;  // ISO 639-1, or "" when nothing fits
  double share = 0;  // of the words, those that are function words of that language; 1 when the script alone decides
  size_t words = 0;  // letters-only words seen
};

// Looks at most at `limit` bytes, taken from the middle of the text (beginnings are titles).
LanguageGuess GuessLanguage(std::string_view utf8, size_t limit = 64 << 10);

// The languages that GuessLanguage can name, and Tesseract's name for each ("en" -> "eng"), "" when it has none.
std::vector<std::string> KnownLanguages();
std::string_view TesseractLanguage(std::string_view iso639_1);

}  // namespace sheepop
