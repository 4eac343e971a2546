#include "tokenize/normalizer.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <random>

#include "base/utf8.h"

namespace sheepop {
namespace {

std::string Apply(UnicodeForm form, std::string_view text) {
  std::string out;
  return MakeUnicodeStep(form)->Apply(text, out) ? out : std::string(text);
}

std::string Reference(const std::string& text, int options) {
  utf8proc_uint8_t* result = nullptr;
  const auto size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &result, static_cast<utf8proc_option_t>(options | UTF8PROC_STABLE));
  EXPECT_GE(size, 0);
  std::string out(reinterpret_cast<const char*>(result), static_cast<size_t>(size));
  std::free(result);
  return out;
}

TEST(UnicodeStep, GivesTheFourForms) {
  std::mt19937 random(8);
  constexpr char32_t kPoints[] = {'a',    'e',     0x300,  0x301,  0x323,  0x307,  0x30A,  0x345,  0xC5,
                                  0xE9,   0x1E69,  0x1100, 0x1161, 0x11A8, 0xAC00, 0x3099, 0x304B, 0x5B0,
                                  0x5BC,  0x958,   0x93C,  0xFB01, 0xFF21, 0x2460, 0x2019, 0x80,   0x20,
                                  0xF900, 0x1D160, 0x64B,  0x651,  0x1F80, 0x313,  0x3B1};
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (size_t n = random() % 10; n > 0; --n) AppendUtf8(kPoints[random() % std::size(kPoints)], text);
    ASSERT_EQ(Apply(UnicodeForm::kNfc, text), Reference(text, UTF8PROC_COMPOSE));
    ASSERT_EQ(Apply(UnicodeForm::kNfd, text), Reference(text, UTF8PROC_DECOMPOSE));
    ASSERT_EQ(Apply(UnicodeForm::kNfkc, text), Reference(text, UTF8PROC_COMPOSE | UTF8PROC_COMPAT));
    ASSERT_EQ(Apply(UnicodeForm::kNfkd, text), Reference(text, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT));
  }
}

TEST(UnicodeStep, LetsInvalidBytesThrough) {
  EXPECT_EQ(Apply(UnicodeForm::kNfc,
                  "\xFF"
                  "e\xCC\x81\xCC"
                  "e\xFF\xCC\x81"),
            "\xFF\xC3\xA9\xCC"
            "e\xFF\xCC\x81");
}

TEST(UnicodeStep, KnowsUnicode9) {
  // U+09FE of Unicode 11 does not trade places with U+0323.
  EXPECT_EQ(Apply(UnicodeForm::kNfc, "\xE0\xA7\xBE\xCC\xA3"), "\xE0\xA7\xBE\xCC\xA3");
}

TEST(UnicodeStep, KeepsTheLetterBeforeTheFirstFinal) {
  const std::string text = "\xEB\x9F\x90\xE1\x86\xA7";  // U+B7D0 U+11A7
  EXPECT_EQ(Apply(UnicodeForm::kNfc, text), text);
}

TEST(ReplaceStep, ReplacesEach) {
  std::string out;
  EXPECT_TRUE(MakeReplaceStep("aa", "b")->Apply("aaaXaa", out));
  EXPECT_EQ(out, "baXb");
  out.clear();
  EXPECT_FALSE(MakeReplaceStep("q", "b")->Apply("aaaXaa", out));
}

}  // namespace
}  // namespace sheepop
