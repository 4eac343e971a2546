#include "ingest/readers/garbled.h"

#include <utf8proc.h>

#include <cstddef>
#include <string>

#include "base/utf8.h"
#include "ingest/language.h"

namespace sheepop {
namespace {

// How rare each letter is behind another in words of 29 European languages and Indonesian and Vietnamese written without
// accents, from 0 (an eighth of the pairs and more) to 9: (-log2 of its share - 5) / 1.1, rounded. The first letter is
// the row.
constexpr std::string_view kRarity[26] = {
    "43325535243221436121336643", "37993996369487499468489959", "39673992374597389564499966",
    "27841875276675369456377956", "34333435353231547112445464", "49984597399696399576599979",
    "38773965367585489455496959", "28972799377677389584476969", "34332435543231347322547574",
    "39983999598787599976599989", "28783985395486289544389959", "27741667255365269844376958",
    "24982985378656349757498969", "27422525255664279732357947", "54334446454321439223334784",
    "29573876387486259255489979", "99997999999999999999499999", "15531645265545269433356955",
    "27472764284466347641367955", "18671773175565269243366645", "45444656454332449333668765",
    "29992999388796499568699957", "49884986499896599779999959", "68795999699989869995899989",
    "56555667676554559655787998", "37863978497764579776567957"};

struct Signs {
  size_t characters = 0, meaningless = 0;
  size_t drawn = 0, symbols = 0;  // without repetitions, as of dots that lead to a page number
  size_t latin = 0, accented = 0;
  size_t pairs = 0, rarity = 0;
};

// The letter of ASCII that a Latin letter is an accented form of, or 0.
char BaseLetter(char32_t c) {
  if (c > 0x24F && (c < 0x1E00 || c > 0x1EFF)) return 0;
  utf8proc_int32_t parts[4] = {};
  utf8proc_ssize_t count = 1;
  parts[0] = static_cast<utf8proc_int32_t>(c);
  if (c >= 0x80) {
    int boundary = UTF8PROC_BOUNDCLASS_START;
    count = utf8proc_decompose_char(parts[0], parts, 4, UTF8PROC_DECOMPOSE, &boundary);
  }
  const utf8proc_int32_t first = count > 0 ? parts[0] | 0x20 : 0;
  return first >= 'a' && first <= 'z' ? static_cast<char>(first) : '\0';
}

bool IsSymbol(utf8proc_category_t category) {
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_SO;
}

bool IsMeaningless(char32_t c, utf8proc_category_t category) {
  return c == 0xFFFD || category == UTF8PROC_CATEGORY_CO || category == UTF8PROC_CATEGORY_CN ||
         category == UTF8PROC_CATEGORY_CC;
}

Signs Count(std::string_view utf8) {
  Signs signs;
  char letter_before = 0;
  char32_t before = 0;
  while (!utf8.empty()) {
    const Utf8Step step = DecodeUtf8(utf8);
    utf8.remove_prefix(step.length);
    const char32_t c = step.code_point;
    if (c <= 0x20) {
      letter_before = 0;
      continue;
    }
    const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
    ++signs.characters;
    signs.meaningless += IsMeaningless(c, category);
    if (c != before) {
      ++signs.drawn;
      signs.symbols += IsSymbol(category);
    }
    before = c;
    const char letter = BaseLetter(c);
    if (letter != 0) {
      ++signs.latin;
      signs.accented += c >= 0x80;
      if (letter_before != 0) {
        ++signs.pairs;
        signs.rarity += static_cast<size_t>(kRarity[letter_before - 'a'][static_cast<size_t>(letter - 'a')] - '0');
      }
    }
    letter_before = letter;
  }
  return signs;
}

}  // namespace

Garble FindGarble(std::string_view utf8) {
  const Signs signs = Count(utf8);
  if (signs.meaningless * 20 > signs.characters) {
    return {"characters that mean nothing", signs.meaningless * 3 > signs.characters};
  }
  if (signs.drawn >= 20 && signs.symbols * 20 > signs.drawn * 9) {
    return {"symbols in place of letters", signs.symbols * 3 > signs.drawn * 2};
  }
  if (signs.latin >= 20 && signs.accented * 2 > signs.latin) {
    return {"accented letters nearly everywhere", signs.accented * 10 > signs.latin * 7};
  }
  const LanguageGuess guess = GuessLanguage(utf8);
  const double rarity = signs.pairs == 0 ? 0 : static_cast<double>(signs.rarity) / static_cast<double>(signs.pairs);
  if (guess.share < 0.2 && signs.pairs >= 12 && rarity > 4.5) {
    return {"letters in an order that no language has", signs.pairs >= 30 && rarity > 5 && guess.share < 0.03};
  }
  if (guess.words >= 30 && guess.share < 0.03) return {"no word of a language that is known"};
  return {};
}

}  // namespace sheepop
