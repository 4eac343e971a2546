#include "ingest/readers/garbled.h"

#include <utf8proc.h>

#include <algorithm>
#include <cctype>

#include "base/utf8.h"
#include "ingest/language.h"

namespace sheepop {

bool LooksGarbled(std::string_view utf8) {
  size_t characters = 0, odd = 0;
  for (std::string_view rest = utf8; !rest.empty();) {
    const Utf8Step step = DecodeUtf8(rest);
    rest.remove_prefix(step.length);
    const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(step.code_point));
    if (step.code_point <= 0x20) continue;
    ++characters;
    odd += step.code_point == 0xFFFD || category == UTF8PROC_CATEGORY_CO || category == UTF8PROC_CATEGORY_CN ||
           category == UTF8PROC_CATEGORY_CC;
  }
  if (odd * 20 > characters) return true;
  const LanguageGuess guess = GuessLanguage(utf8);
  return guess.words >= 30 && guess.share < 0.03;
}

}  // namespace sheepop
