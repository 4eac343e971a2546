#include "sample/grammar/text_language.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"
#include "sample/grammar/testing_regex.h"

namespace sheepop::grammar {
namespace {

using State = ByteLanguage::State;

State Walk(ByteLanguage& language, std::string_view text) {
  State state = language.Start();
  for (const char c : text) {
    if (state == ByteLanguage::kDead) break;
    state = language.Next(state, static_cast<uint8_t>(c));
  }
  return state;
}

bool Takes(ByteLanguage& language, std::string_view text) {
  const State state = Walk(language, text);
  return state != ByteLanguage::kDead && language.Accepts(state);
}

std::string Utf8(char32_t c) {
  std::string text;
  AppendUtf8(c, text);
  return text;
}

// Every form in which JSON writes a character, hexadecimal digits as small letters.
std::vector<std::string> JsonForms(char32_t c) {
  std::vector<std::string> forms;
  if (c >= 0x20 && c != '"' && c != '\\') forms.push_back(Utf8(c));
  constexpr std::u32string_view kShort = U"\"\\/\b\f\n\r\t";
  constexpr std::string_view kNames = "\"\\/bfnrt";
  if (const size_t at = kShort.find(c); at != std::u32string_view::npos) forms.push_back({'\\', kNames[at]});
  if (c < 0x10000) {
    forms.push_back(fmt::format("\\u{:04x}", static_cast<uint32_t>(c)));
  } else {
    const uint32_t rest = c - 0x10000;
    forms.push_back(fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10U), 0xDC00 + (rest & 0x3FFU)));
  }
  return forms;
}

// With the digits of \u escapes at its front as small letters.
std::string Folded(std::string text) {
  for (size_t i = 0; i < text.size() && i < 12; ++i) {
    const bool digit = text.starts_with("\\u") && (i % 6 > 1) && (i < 6 || text.compare(6, 2, "\\u") == 0);
    if (digit && text[i] >= 'A' && text[i] <= 'F') text[i] = static_cast<char>(text[i] - 'A' + 'a');
  }
  return text;
}

// A language of few words over three characters, by looking through them.
struct FewWords {
  std::vector<std::string> words;               // of the letters a, b, c
  std::vector<std::vector<std::string>> forms;  // of each letter
  std::string quote;

  bool HasPrefix(const std::string& word) const {
    return std::any_of(words.begin(), words.end(), [&](const std::string& one) { return one.starts_with(word); });
  }

  // Whether some text of the language begins with these bytes.
  bool Alive(std::string bytes) const {
    if (bytes.size() < quote.size()) return !words.empty();
    if (!bytes.starts_with(quote)) return false;
    bytes.erase(0, quote.size());
    std::string word;
    while (true) {
      if (!HasPrefix(word)) return false;
      if (bytes.empty()) return true;
      if (!quote.empty() && bytes[0] == '"') {
        return bytes.size() == 1 && std::find(words.begin(), words.end(), word) != words.end();
      }
      bytes = Folded(bytes);
      size_t taken = 0;
      for (size_t letter = 0; letter < forms.size(); ++letter) {
        const std::string longer = word + static_cast<char>('a' + letter);
        for (const std::string& form : forms[letter]) {
          if (form.size() > bytes.size() && form.starts_with(bytes) && HasPrefix(longer)) return true;
          if (taken == 0 && bytes.starts_with(form)) {
            taken = form.size();
            word = longer;
          }
        }
        if (taken > 0) break;
      }
      if (taken == 0) return false;
      bytes.erase(0, taken);
    }
  }
};

const std::vector<std::u32string> kLetters = {
    {U'a', U'\u00E9', U'\U0001F600'},
    {U'"', U'\n', U'\U0010FFFF'},
    {static_cast<char32_t>(0xD7FF), static_cast<char32_t>(0xE000), static_cast<char32_t>(0x10000)},
    {U'\\', U'/', static_cast<char32_t>(0x7F)},
    {U'\U0001F600', U'\U0001F601', U'\U0001F900'},
    {static_cast<char32_t>(0), static_cast<char32_t>(0x7FF), static_cast<char32_t>(0x800)},
};

// At every state of random walks, each byte is dead exactly where no text goes on with it.
void ExpectExact(bool json) {
  std::mt19937 random(json ? 3 : 5);
  std::vector<std::string> words = WordsUpTo(3);
  for (int round = 0; round < 90; ++round) {
    const std::u32string& letters = kLetters[static_cast<size_t>(round) % kLetters.size()];
    const PlainRegex plain = PlainRegex::Random(random, 3);
    auto pool = std::make_shared<RegexPool>();
    std::vector<CharSet::Range> ranges;
    FewWords few = {{}, {}, json ? "\"" : ""};
    for (const char32_t c : letters) {
      ranges.push_back({c, c});
      few.forms.push_back(json ? JsonForms(c) : std::vector{Utf8(c)});
    }
    for (const std::string& word : words) {
      if (plain.Matches(word)) few.words.push_back(word);
    }
    const RegexId regex =
        pool->Intersection(plain.In(*pool, letters), pool->Repeat(pool->Chars(CharSet(ranges)), 0, 3));
    const auto language = json ? MakeJsonStringLanguage(pool, regex) : MakeTextLanguage(pool, regex);
    ASSERT_EQ(language->Start() == ByteLanguage::kDead, few.words.empty()) << round;
    if (few.words.empty()) continue;
    for (int walk = 0; walk < 3; ++walk) {
      State state = language->Start();
      for (std::string text; text.size() < 40;) {
        const ByteSet allowed = language->Allowed(state);
        std::vector<char> ways;
        for (int byte = 0; byte < 256; ++byte) {
          const bool alive = allowed.Has(static_cast<uint8_t>(byte));
          ASSERT_EQ(language->Next(state, static_cast<uint8_t>(byte)) != ByteLanguage::kDead, alive);
          ASSERT_EQ(alive, few.Alive(text + static_cast<char>(byte))) << round << " " << text << " " << byte;
          if (alive) ways.push_back(static_cast<char>(byte));
        }
        ASSERT_TRUE(!ways.empty() || language->Accepts(state)) << round << " " << text;
        if (ways.empty()) break;
        text.push_back(ways[random() % ways.size()]);
        state = language->Next(state, static_cast<uint8_t>(text.back()));
      }
    }
  }
}

TEST(TextLanguage, IsDeadExactlyWhereNoTextGoesOn) { ExpectExact(false); }
TEST(JsonStringLanguage, IsDeadExactlyWhereNoTextGoesOn) { ExpectExact(true); }

TEST(JsonStringLanguage, TakesAWordInEveryForm) {
  std::mt19937 random(9);
  const std::vector<std::string> words = WordsUpTo(4);
  for (int round = 0; round < 60; ++round) {
    const std::u32string& letters = kLetters[static_cast<size_t>(round) % kLetters.size()];
    const PlainRegex plain = PlainRegex::Random(random, 3);
    auto pool = std::make_shared<RegexPool>();
    const auto language = MakeJsonStringLanguage(pool, plain.In(*pool, letters));
    for (const std::string& word : words) {
      std::string text = "\"";
      for (const char c : word) {
        const std::vector<std::string> forms = JsonForms(letters[static_cast<size_t>(c - 'a')]);
        text += forms[random() % forms.size()];
      }
      ASSERT_EQ(Takes(*language, text + "\""), plain.Matches(word)) << round << " " << text;
    }
  }
}

TEST(JsonStringLanguage, ReadsJsonAlone) {
  auto pool = std::make_shared<RegexPool>();
  const auto any = MakeJsonStringLanguage(pool, pool->Any());
  for (const char* text : {R"("")", R"("\u00E9\u00e9\uD83D\ude00")", R"("\"\\\/\b\f\n\r\t")", "\"\x7F\"", "\"é😀\""}) {
    EXPECT_TRUE(Takes(*any, text)) << text;
  }
  for (const char* text : {R"(")", R"("a"b)", R"("\ud83d")", R"("\ude00")", R"("\ud83d\u0041")", R"("\x41")", "\"\n\"",
                           R"("\u12g4")", R"("\U0041")", "\"\xC0\x80\"", "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"",
                           "\"\xE0\x80\x80\"", "\"\xF0\x80\x80\x80\"", "\"\xFF\"", "a"}) {
    EXPECT_FALSE(Takes(*any, text)) << text;
  }
  EXPECT_EQ(MakeJsonStringLanguage(pool, pool->None())->Start(), ByteLanguage::kDead);
  EXPECT_EQ(MakeTextLanguage(pool, pool->None())->Start(), ByteLanguage::kDead);
}

// Which of the characters it will be does not matter where all lead to the same.
TEST(JsonStringLanguage, HasFewStatesForAnyText) {
  auto pool = std::make_shared<RegexPool>();
  const auto any = MakeJsonStringLanguage(pool, pool->Any());
  EXPECT_EQ(Walk(*any, "\"\xE4"), Walk(*any, "\"x\xE5"));
  EXPECT_EQ(Walk(*any, "\"\xE4\xB8"), Walk(*any, "\"\xC3"));
  EXPECT_EQ(Walk(*any, "\"\\u00"), Walk(*any, "\"\\u4E"));
  EXPECT_EQ(Walk(*any, "\"\\ud83d"), Walk(*any, "\"\\uDBFF"));
  EXPECT_EQ(Walk(*any, "\"\\ud83d\\ude0"), Walk(*any, "\"\\uDBFF\\uDFF"));
  EXPECT_NE(Walk(*any, "\"\\ud"), Walk(*any, "\"\\u4"));
}

TEST(TextLanguage, KnowsItsPlainRuns) {
  auto pool = std::make_shared<RegexPool>();
  const RegexId most = pool->Repeat(pool->Chars(CharSet::All()), 0, 9);
  const auto text = MakeTextLanguage(pool, most);
  EXPECT_EQ(text->PlainRun(text->Start(), 20), 9);
  EXPECT_EQ(text->PlainRun(Walk(*text, "aé"), 20), 7);
  EXPECT_EQ(text->PlainRun(Walk(*text, "a\xC3"), 20), 0);
  const auto json = MakeJsonStringLanguage(pool, most);
  EXPECT_EQ(json->PlainRun(json->Start(), 20), 0);
  EXPECT_EQ(json->PlainRun(Walk(*json, "\"a"), 20), 8);
  EXPECT_EQ(json->PlainRun(Walk(*json, "\"a"), 3), 3);
  EXPECT_EQ(json->PlainRun(Walk(*json, "\"\\"), 20), 0);
  EXPECT_EQ(json->PlainRun(Walk(*json, "\"a\""), 20), 0);
}

TEST(Literal, IsItsBytesAndNoOthers) {
  const auto literal = MakeLiteral(std::string_view("a\0\xFF", 3));
  EXPECT_TRUE(Takes(*literal, std::string_view("a\0\xFF", 3)));
  EXPECT_FALSE(Takes(*literal, "a"));
  EXPECT_EQ(Walk(*literal, "b"), ByteLanguage::kDead);
  EXPECT_EQ(Walk(*literal, std::string_view("a\0\xFFx", 4)), ByteLanguage::kDead);
  EXPECT_EQ(literal->Allowed(Walk(*literal, std::string_view("a\0", 2))).First(), 0xFF);
  EXPECT_TRUE(literal->Allowed(Walk(*literal, std::string_view("a\0\xFF", 3))).empty());
}

TEST(Capturing, RemembersWhatWasRead) {
  auto pool = std::make_shared<RegexPool>();
  const RegexId words = pool->Complement(pool->Text("no"));
  const auto capturing = MakeCapturing(MakeJsonStringLanguage(pool, words));
  const State yes = Walk(*capturing, "\"n\\u00f6\"");
  EXPECT_TRUE(capturing->Accepts(yes));
  EXPECT_EQ(capturing->Text(yes), "\"n\\u00f6\"");
  EXPECT_EQ(capturing->Text(capturing->Start()), "");
  EXPECT_NE(Walk(*capturing, "\"a"), Walk(*capturing, "\"b"));
  EXPECT_EQ(Walk(*capturing, "\"ab"), Walk(*capturing, "\"ab"));
  EXPECT_FALSE(Takes(*capturing, "\"no\""));
  EXPECT_EQ(capturing->PlainRun(Walk(*capturing, "\"ab"), 9), 9);
  EXPECT_TRUE(capturing->Allowed(yes).empty());
  EXPECT_EQ(MakeCapturing(MakeTextLanguage(pool, pool->None()))->Start(), ByteLanguage::kDead);
  const auto plain = MakeTextLanguage(pool, words);
  EXPECT_THROW(static_cast<void>(plain->Text(plain->Start())), Error);
}

}  // namespace
}  // namespace sheepop::grammar
