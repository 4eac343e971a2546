#include "ingest/language.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/utf8.h"

namespace sheepop {
namespace {

struct Language {
  std::string_view iso, tesseract, words;
};

// Function words: the commonest words of running text in each language.
// clang-format off
constexpr Language kLanguages[] = {
    {"en", "eng", "the of and to in a is that it was for on with as he be at by this had not are but from or have an they which you his were her she we"},
    {"fr", "fra", "le la les de des du et en un une est que qui dans pour pas sur au ce il elle par plus ne se sont avec à son ses cette ou nous vous mais"},
    {"de", "deu", "der die das und in den von zu mit sich des auf für ist im dem nicht ein eine als auch es an er sie war wird bei aus nach wie oder ich aber"},
    {"es", "spa", "el la los las de y que en un una es por con para no se del su al lo como más pero sus le ha me si sin sobre este ya entre cuando"},
    {"it", "ita", "il lo la i gli le di e che in un una è per con non si del della dei da al sono come più ma anche alla nel ha se questo io mi"},
    {"pt", "por", "o a os as de e que em um uma é do da para com não por se dos no na ao mais como mas foi ele ela seu sua ou quando muito já"},
    {"nl", "nld", "de het een en van in is dat op te zijn met voor niet aan er die ook als om bij uit maar door hij zij wordt of naar ik heeft werd"},
    {"sv", "swe", "och i att det som en på är av för med den till inte om ett han de var jag sig från men så har hon vi kan nu eller"},
    {"da", "dan", "og i at det som en på er af for med den til ikke om et han de var jeg sig fra men så har hun vi kan nu eller blev"},
    {"no", "nor", "og i at det som en på er av for med den til ikke om et han de var jeg seg fra men så har hun vi kan nå eller ble"},
    {"fi", "fin", "ja on ei se että hän oli en mutta joka kun niin myös ovat tai mitä sen minä kuin jos nyt olen ole sitä hänen vain"},
    {"pl", "pol", "i w na z do się nie to że jest o jak po a co za od ale był przez dla tak tym jego przy ich jej może już być"},
    {"cs", "ces", "a se v na je že to s z do o i ve pro si jsem by tak ale jako za od jeho po co byl jsou které ze nebo když"},
    {"hu", "hun", "a az és hogy nem is egy ez volt de meg csak azt ha már mint el van még ki vagy mert fel minden kell lehet"},
    {"ro", "ron", "și în de a la cu pe nu o un că din se este care mai pentru ce dar au sa ca fi ei lui sau am era"},
    {"tr", "tur", "ve bir bu da de için ile çok ne o daha gibi ama var mi olarak kadar sonra değil olan ben en her şey ki"},
    {"la", "lat", "et in ut non sed ac ad est cum qui quae quod si per ex sit vel at nec eu amet id a ab atque aut enim nunc"},
    {"id", "ind", "yang dan di itu dengan untuk ini dari dalam tidak akan pada juga ke ada adalah oleh saya karena kepada bisa atau"},
    {"vi", "vie", "và của là có không được một cho các trong người đã với những này để tôi khi ra như từ đến về"},
    {"ru", "rus", "и в не на что он с как это по но она к из у за от то же так бы было ее его для мне все только о"},
    {"uk", "ukr", "і в не на що з та як це до він у за але від його про для є я так вона було й які ми по"},
    {"bg", "bul", "и на да се в за не от че с той по са е като ще това до или които си но тя му при"},
    {"el", "ell", "και το να του η της με την που από για τα είναι οι σε στο δεν θα των τον μου ένα αυτό"},
    {"ar", "ara", "في من على أن إلى هذا التي كان عن ما لا مع هذه الذي قال ذلك بين كل قد أو هو"},
    {"fa", "fas", "و در به از که این را با است برای آن یک خود تا بر هم می شد او ما نیز"},
    {"he", "heb", "של את על לא הוא זה עם כי גם אל היא אני כל או אם מה אבל יש רק היה"},
    {"hi", "hin", "के है में की और से को का कि पर यह था एक ने भी हैं नहीं तो इस जो"},
};
// clang-format on

struct Script {
  char32_t first, last;
  std::string_view iso;  // the language that it decides alone
};

constexpr Script kScripts[] = {
    {0x3040, 0x30FF, "ja"}, {0xAC00, 0xD7AF, "ko"}, {0x4E00, 0x9FFF, "zh"}, {0x0E00, 0x0E7F, "th"},
    {0x10A0, 0x10FF, "ka"}, {0x0530, 0x058F, "hy"}, {0x0B80, 0x0BFF, "ta"}, {0x0980, 0x09FF, "bn"},
    {0x0C00, 0x0C7F, "te"}, {0x1200, 0x137F, "am"},
};

constexpr std::pair<std::string_view, std::string_view> kScriptTesseract[] = {
    {"ja", "jpn"}, {"ko", "kor"}, {"zh", "chi_sim"}, {"th", "tha"}, {"ka", "kat"},
    {"hy", "hye"}, {"ta", "tam"}, {"bn", "ben"},     {"te", "tel"}, {"am", "amh"},
};

// word -> the languages (indices into kLanguages) that use it.
const std::unordered_map<std::string_view, std::vector<size_t>>& FunctionWords() {
  static const auto words = [] {
    std::unordered_map<std::string_view, std::vector<size_t>> map;
    for (size_t i = 0; i < std::size(kLanguages); ++i) {
      std::string_view rest = kLanguages[i].words;
      while (!rest.empty()) {
        const size_t space = rest.find(' ');
        map[rest.substr(0, space)].push_back(i);
        rest = space == std::string_view::npos ? std::string_view() : rest.substr(space + 1);
      }
    }
    return map;
  }();
  return words;
}

std::string_view Middle(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  text = text.substr((text.size() - limit) / 2, limit);
  while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xC0) == 0x80) text.remove_prefix(1);
  return text;
}

struct Tally {
  std::array<size_t, std::size(kLanguages)> hits{};
  std::array<size_t, std::size(kScripts)> script{};
  size_t words = 0, letters = 0;
};

void CountWord(const std::string& word, Tally& tally) {
  ++tally.words;
  const auto found = FunctionWords().find(word);
  if (found == FunctionWords().end()) return;
  for (const size_t language : found->second) ++tally.hits[language];
}

Tally CountAll(std::string_view text) {
  Tally tally;
  std::string word;
  while (!text.empty()) {
    const Utf8Step step = DecodeUtf8(text);
    text.remove_prefix(step.length);
    const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(step.code_point));
    const bool letter = category <= UTF8PROC_CATEGORY_ME && category != UTF8PROC_CATEGORY_CN;
    if (letter) {
      ++tally.letters;
      AppendUtf8(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(step.code_point))), word);
      for (size_t i = 0; i < std::size(kScripts); ++i) {
        tally.script[i] += step.code_point >= kScripts[i].first && step.code_point <= kScripts[i].last;
      }
    } else if (!word.empty()) {
      CountWord(word, tally);
      word.clear();
    }
  }
  if (!word.empty()) CountWord(word, tally);
  return tally;
}

}  // namespace

LanguageGuess GuessLanguage(std::string_view utf8, size_t limit) {
  const Tally tally = CountAll(Middle(utf8, limit));
  LanguageGuess guess;
  guess.words = tally.words;
  for (size_t i = 0; i < std::size(kScripts); ++i) {
    // Japanese is written with Chinese characters between its own, so a tenth of kana is enough.
    const size_t needed = kScripts[i].iso == "ja" ? tally.letters / 10 : tally.letters / 2;
    if (tally.script[i] > std::max<size_t>(needed, 3)) return {std::string(kScripts[i].iso), 1.0, tally.words};
  }
  if (tally.words == 0) return guess;
  const auto best = std::max_element(tally.hits.begin(), tally.hits.end());
  guess.share = static_cast<double>(*best) / static_cast<double>(tally.words);
  // Three words in a hundred are function words of some language in any list of names.
  if (*best >= 2 && guess.share >= 0.06) guess.language = kLanguages[best - tally.hits.begin()].iso;
  return guess;
}

std::vector<std::string> KnownLanguages() {
  std::vector<std::string> known;
  for (const Language& language : kLanguages) known.emplace_back(language.iso);
  for (const Script& script : kScripts) known.emplace_back(script.iso);
  std::sort(known.begin(), known.end());
  return known;
}

std::string_view TesseractLanguage(std::string_view iso639_1) {
  for (const Language& language : kLanguages) {
    if (language.iso == iso639_1) return language.tesseract;
  }
  for (const auto& [iso, tesseract] : kScriptTesseract) {
    if (iso == iso639_1) return tesseract;
  }
  return "";
}

}  // namespace sheepop
