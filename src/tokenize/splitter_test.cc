#include "tokenize/splitter.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <random>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenize/onigmo_pattern.h"
#include "tokenize/pre_tokenizers.h"

namespace sheepop {
namespace {

using Words = std::vector<std::string>;

Words CutAll(const Cutter& cutter, std::string_view text) {
  std::vector<std::string_view> words;
  cutter.Cut(text, words);
  return Words(words.begin(), words.end());
}

// Text of the kinds of characters that the patterns tell apart, in runs.
std::string RandomText(std::mt19937& random) {
  // clang-format off
  static constexpr std::string_view kParts[] = {
      "a",  "B",  "\xC3\xA9", "\xE4\xB8\xAD", "\xC7\x85", "\xCA\xB0",     "1",            "\xD9\xA3", "\xE2\x85\xA7", " ",
      " ",  "\n", "\r",       "\t",           "\xC2\xA0", "\xE3\x80\x80", "\xE1\xA0\x8E", "\xC2\x85", "!",            "'",
      "'s", "'S", "'\xC5\xBF", "'ll",         "'Ve",      "'d",           "_",            "\xCC\x81", "\xF0\x9F\xA6\x99", "\xEF\xB8\x8F"};
  // clang-format on
  std::string text;
  const size_t parts = 1 + random() % 14;
  for (size_t i = 0; i < parts; ++i) {
    const std::string_view part = kParts[random() % std::size(kParts)];
    const size_t times = random() % 4 == 0 ? 1 + random() % 5 : 1;
    for (size_t k = 0; k < times; ++k) text += part;
    if (random() % 6 == 0) {
      const auto c = static_cast<char32_t>(random() % 0x11000);
      // The two libraries may know different versions of Unicode.
      if ((c < 0xD800 || c > 0xDFFF) && utf8proc_category(static_cast<utf8proc_int32_t>(c)) != 0) AppendUtf8(c, text);
    }
  }
  return text;
}

TEST(FastCutters, CutLikeTheirPatterns) {
  std::mt19937 random(3);
  for (const char* name : {"gpt-2", "smollm", "llama-bpe", "qwen2"}) {
    const PreTokenizer pre = PreTokenizerOf(name);
    std::vector<std::string> patterns;
    Splitter regexes;
    for (const SplitStep& step : pre.steps) {
      patterns.push_back(step.pattern);
      regexes.Add(MakeRegexCutter(step.pattern));
    }
    const auto fast = MakeFastCutter(patterns);
    ASSERT_TRUE(fast) << name;
    for (int i = 0; i < 20000; ++i) {
      const std::string text = RandomText(random);
      std::vector<std::string_view> words;
      regexes.Split(text, words);
      ASSERT_EQ(CutAll(*fast, text), Words(words.begin(), words.end())) << name << ": '" << text << "'";
    }
  }
}

TEST(RegexCutter, TreatsMatchesAsTheRuleSays) {
  const auto cut = [](SplitBehavior behavior, bool invert = false) {
    return CutAll(*MakeRegexCutter("-", {behavior, invert}), "the-final--countdown");
  };
  EXPECT_EQ(cut(SplitBehavior::kRemoved), (Words{"the", "final", "countdown"}));
  EXPECT_EQ(cut(SplitBehavior::kRemoved, true), (Words{"-", "-", "-"}));
  EXPECT_EQ(cut(SplitBehavior::kIsolated), (Words{"the", "-", "final", "-", "-", "countdown"}));
  EXPECT_EQ(cut(SplitBehavior::kMergedWithPrevious), (Words{"the-", "final-", "-", "countdown"}));
  EXPECT_EQ(cut(SplitBehavior::kMergedWithNext), (Words{"the", "-final", "-", "-countdown"}));
  EXPECT_EQ(cut(SplitBehavior::kContiguous), (Words{"the", "-", "final", "--", "countdown"}));
  EXPECT_EQ(CutAll(*MakeLiteralCutter("--", {SplitBehavior::kIsolated}), "a---b"), (Words{"a", "--", "-b"}));
}

// A circled number is no part of a word, a mark is.
TEST(RegexCutter, BordersOfWordsAreThoseOfOniguruma) {
  EXPECT_EQ(CutAll(*MakeRegexCutter(R"(\d\b)"), "1\xE2\x92\x8C"), (Words{"1", "\xE2\x92\x8C"}));
  EXPECT_EQ(CutAll(*MakeRegexCutter(R"(\d\b)"), "x1\xCC\x81"), (Words{"x1\xCC\x81"}));
  EXPECT_EQ(CutAll(*MakeRegexCutter(R"(\d\B)"), "1\xCC\x81"), (Words{"1", "\xCC\x81"}));
  EXPECT_EQ(CutAll(*MakeRegexCutter(R"(\w+)"), "!1\xC2\xBD"), (Words{"!", "1\xC2\xBD"}));
  EXPECT_EQ(CutAll(*MakeRegexCutter(R"([\w]+)"), "!1\xC2\xBD"), (Words{"!", "1", "\xC2\xBD"}));
}

TEST(RegexCutter, EmptyMatchesEndIt) {
  EXPECT_EQ(CutAll(*MakeRegexCutter("x*"), "a\xC3\xA9x"), (Words{"a", "\xC3\xA9", "x"}));
  EXPECT_EQ(CutAll(*MakeRegexCutter("(?=(\\d{3})+(?!\\d))"), "12345"), (Words{"12", "345"}));
}

TEST(RegexCutter, SaysWhenAPatternGoesTooFar) {
  const auto cutter = MakeRegexCutter("(a|aa|aaa)+(?![a\\n])c?d?[bz]");
  EXPECT_THROW(CutAll(*cutter, std::string(5000, 'a') + "\nb"), Error);
  EXPECT_THROW(MakeRegexCutter("(a"), Error);
}

TEST(RegexCutter, TakesLongRunsForGranted) {
  for (const char* name : {"deepseek-v3", "gpt-4o"}) {
    const Splitter splitter = MakeSplitter(PreTokenizerOf(name).steps);
    for (const char c : {' ', 'Q'}) {
      const std::string text(11'000'000, c);
      std::vector<std::string_view> words;
      splitter.Split(text, words);
      EXPECT_EQ(words.size(), 1u) << name;
    }
  }
}

TEST(OnigmoPattern, RewritesWhatDiffers) {
  EXPECT_EQ(PcrePatternFromOnigmo(R"(\s+(?!\S)[^\s\p{L}])"),
            R"([\t-\r\x{85}\p{Z}]+(?![^\t-\r\x{85}\p{Z}])[^\t-\r\x{85}\p{Z}\p{L}])");
  EXPECT_EQ(PcrePatternFromOnigmo(R"(\p{Han}\p{^L}\h\u00e9[]a])"), R"(\p{sc:Han}\p{^L}[0-9A-Fa-f]\x{00e9}[\]a])");
  EXPECT_EQ(PcrePatternFromOnigmo(R"([^(\s|[.,!?])]+)"), R"([^(\t-\r\x{85}\p{Z}|.,!?)]+)");
  EXPECT_EQ(PcrePatternFromOnigmo(R"([\b])"), R"([\b])") << "a backspace";
  EXPECT_THROW(PcrePatternFromOnigmo("[a&&b]"), Error);
  EXPECT_THROW(PcrePatternFromOnigmo("[a[^b]]"), Error);
  EXPECT_THROW(PcrePatternFromOnigmo("(?m:.)"), Error);
  EXPECT_THROW(PcrePatternFromOnigmo("\\"), Error);
}

TEST(Splitter, EveryKnownPreTokenizerCompilesAndKeepsTheText) {
  std::mt19937 random(4);
  for (const char* name :
       {"default",  "gpt-2",   "mpt",    "smollm",     "command-r",    "llama3",         "dbrx",       "glm4",
        "qwen2",    "hunyuan", "qwen35", "seed-coder", "bailingmoe",   "gpt-4o",         "tekken",     "tiny_aya",
        "minicpm5", "bloom",   "viking", "falcon",     "deepseek-llm", "deepseek-coder", "deepseek-v3"}) {
    const Splitter splitter = MakeSplitter(PreTokenizerOf(name).steps);
    for (int i = 0; i < 200; ++i) {
      const std::string text = RandomText(random) + "\xFF\xC3" + RandomText(random);
      std::vector<std::string_view> words;
      splitter.Split(text, words);
      std::string joined;
      for (const std::string_view word : words) {
        ASSERT_FALSE(word.empty());
        joined += word;
      }
      ASSERT_EQ(joined, text) << name;
    }
  }
}

}  // namespace
}  // namespace sheepop
