#include "tokenize/text_stream.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenize/testing_vocabularies.h"

namespace sheepop {
namespace {

const Tokenizer& Bytes() {
  static const Tokenizer tokenizer =
      Tokenizer::FromGguf(testing::ByteLevelVocabulary({{"E", "N"}, {"D", "!"}}, {"<|im_end|>"}));
  return tokenizer;
}

// The texts that each byte of `bytes` gave, and what Finish gave.
std::vector<std::string> Stream(std::string_view bytes, std::vector<std::string> stops) {
  TextStream stream(Bytes(), std::move(stops));
  std::vector<std::string> shown;
  for (const char c : bytes) shown.emplace_back(stream.Push(static_cast<uint8_t>(c)));
  shown.emplace_back(stream.Finish());
  return shown;
}

using Texts = std::vector<std::string>;

TEST(TextStream, HoldsBackPartsOfCharacters) {
  EXPECT_EQ(Stream("a\xC3\xA9z", {}), (Texts{"a", "", "\xC3\xA9", "z", ""}));
  EXPECT_EQ(Stream("\xF0\x9F\xA6", {}), (Texts{"", "", "", "\xEF\xBF\xBD"}));
  EXPECT_EQ(Stream("\xFFz\x80", {}), (Texts{"\xEF\xBF\xBD", "z", "\xEF\xBF\xBD", ""}));
}

TEST(TextStream, HoldsBackWhatMayBecomeAStop) {
  EXPECT_EQ(Stream("aENxEND!", {"END"}), (Texts{"a", "", "", "ENx", "", "", "", "", ""}));
  EXPECT_EQ(Stream("EN", {"END"}), (Texts{"", "", "EN"}));
  EXPECT_EQ(Stream("aaab", {"aab"}), (Texts{"", "", "a", "", ""}));
}

TEST(TextStream, FindsStopsAcrossAndInsideTokens) {
  TextStream stream(Bytes(), {"ND", "END"});
  EXPECT_EQ(stream.Push('x'), "x");
  EXPECT_EQ(stream.Push(256), "");  // EN
  EXPECT_FALSE(stream.stopped());
  EXPECT_EQ(stream.Push(257), "");  // D!
  EXPECT_TRUE(stream.stopped());
  EXPECT_EQ(stream.stopped_by(), 1);  // of two that end here, the longer
  EXPECT_EQ(stream.Push('y'), "");
  EXPECT_EQ(stream.Finish(), "");
}

TEST(TextStream, PassesOverStopsThatMayNotCountYet) {
  TextStream stream(Bytes(), {"aa"});
  EXPECT_EQ(stream.Push('a', false), "");
  EXPECT_EQ(stream.Push('a', false), "a");
  EXPECT_FALSE(stream.stopped());
  EXPECT_EQ(stream.Push('a'), "") << "the last two of three";
  EXPECT_TRUE(stream.stopped());
  EXPECT_EQ(stream.Finish(), "");
}

TEST(TextStream, ShowsControlTokensOnlyWhenAsked) {
  TextStream hidden(Bytes());
  EXPECT_EQ(hidden.Push(258), "");
  TextStream shown(Bytes(), TextStreamOptions{{}, true});
  EXPECT_EQ(shown.Push(258), "<|im_end|>");
  EXPECT_THROW(TextStream(Bytes(), {""}), Error);
  EXPECT_THROW(shown.Push(99999), Error);
}

TEST(TextStream, EqualsTheWholeTextCutAtTheFirstStop) {
  std::mt19937 random(5);
  constexpr std::string_view kAlphabet = "aab\xC3\xA9\xF0\x9F\xA6\x99";
  for (int round = 0; round < 5000; ++round) {
    std::string bytes;
    for (size_t n = random() % 12; n > 0; --n) bytes.push_back(kAlphabet[random() % kAlphabet.size()]);
    std::vector<std::string> stops;
    for (size_t n = random() % 3; n > 0; --n) {
      stops.emplace_back();
      for (size_t k = 1 + random() % 3; k > 0; --k) stops.back().push_back(kAlphabet[random() % 5]);
    }
    size_t stop_end = std::string::npos, length = 0;
    for (const std::string& stop : stops) {
      const size_t at = bytes.find(stop);
      if (at == std::string::npos) continue;
      const size_t end = at + stop.size();
      if (end < stop_end || (end == stop_end && stop.size() > length)) {
        stop_end = end;
        length = stop.size();
      }
    }
    const std::string expected =
        ToValidUtf8(bytes.substr(0, stop_end == std::string::npos ? stop_end : stop_end - length));
    std::string shown;
    for (const std::string& text : Stream(bytes, stops)) {
      ASSERT_TRUE(IsValidUtf8(text));
      shown += text;
    }
    ASSERT_EQ(shown, expected) << round;
  }
}

}  // namespace
}  // namespace sheepop
