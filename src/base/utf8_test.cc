#include "base/utf8.h"

#include <gtest/gtest.h>

namespace sheepop {
namespace {

TEST(Utf8, RoundTripsEveryCodePoint) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text;
    AppendUtf8(c, text);
    const Utf8Step step = DecodeUtf8(text);
    ASSERT_TRUE(step.valid);
    ASSERT_EQ(step.code_point, c);
    ASSERT_EQ(step.length, text.size());
  }
}

TEST(Utf8, RefusesWhatRfc3629Refuses) {
  for (const char* bad : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xE2\x82", "\xC3"}) {
    EXPECT_FALSE(IsValidUtf8(bad)) << bad;
  }
  EXPECT_TRUE(IsValidUtf8("\xE2\x82\xAC\xF0\x9F\x90\x91"));
  EXPECT_TRUE(IsValidUtf8(std::string_view("a\0b", 3)));
}

TEST(Utf8, ReplacesMaximalSubparts) {
  // The example of Unicode 15, table 3-8.
  EXPECT_EQ(ToValidUtf8("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64"),
            "a\uFFFD\uFFFD\uFFFD"
            "b\uFFFD"
            "c\uFFFD\uFFFD"
            "d");
}

TEST(Utf8, DecodesAllCharacters) {
  EXPECT_EQ(CodePointsOf(""), U"");
  EXPECT_EQ(CodePointsOf("a\u00e9\u5b57\U0001f411"), U"a\u00e9\u5b57\U0001f411");
  EXPECT_EQ(CodePointsOf("a\xe2\x82z\xff"), U"a\ufffdz\ufffd");
}

TEST(Utf8, FindsIncompleteSuffix) {
  EXPECT_EQ(IncompleteUtf8Suffix("abc"), 0u);
  EXPECT_EQ(IncompleteUtf8Suffix("a\xC3"), 1u);
  EXPECT_EQ(IncompleteUtf8Suffix("a\xE2\x82"), 2u);
  EXPECT_EQ(IncompleteUtf8Suffix("a\xF0\x9F\x90"), 3u);
  EXPECT_EQ(IncompleteUtf8Suffix("a\xF0\x9F\x90\x91"), 0u);
  EXPECT_EQ(IncompleteUtf8Suffix("a\xE0\x80"), 0u) << "E0 80 can never become a character";
  EXPECT_EQ(IncompleteUtf8Suffix(""), 0u);
}

}  // namespace
}  // namespace sheepop
