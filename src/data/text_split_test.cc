#include "data/text_split.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace sheepop {
namespace {

TextSplit Split(const std::vector<SplitText>& learned, const std::vector<SplitText>& held_out) {
  TextSplit split;
  split.learned = learned;
  split.held_out = held_out;
  return split;
}

TEST(TextSplit, IsReadAsItWasWritten) {
  const TextSplit split = Split({{"1", "a \\ \"b\".txt", 0, 10}, {"2", "c.txt", 0, 5}}, {{"3", "d.txt", 4, 9, 50}});
  EXPECT_EQ(SplitJson(ReadSplitJson(SplitJson(split), "split.json")), SplitJson(split));
  for (const char* wrong :
       {"", "[]", "{}", "{\"learned\": [1], \"held_out\": []}", "{\"learned\": [], \"held_out\": 3}"}) {
    EXPECT_THROW(ReadSplitJson(wrong, "split.json"), Error) << wrong;
  }
}

TEST(TextSplit, WhatIsWrongIsNamed) {
  const auto why_not = [](const std::string& entry) -> std::string {
    try {
      ReadSplitJson("{\"learned\": [" + entry + "], \"held_out\": []}", "split.json");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const std::string good = R"({"id": "1", "source": "a", "begin": 0, "end": 5)";
  EXPECT_EQ(why_not(good + "}"), "");
  const std::string begin = "split.json is no list of learned and held-out texts: ";
  EXPECT_EQ(why_not(R"({"id": 1, "source": "a", "begin": 0, "end": 5})"),
            begin + "id of learned[0] is 1, must be text");
  EXPECT_EQ(why_not(R"({"id": "1", "source": "a", "end": 5})"), begin + "learned[0] has no begin");
  EXPECT_EQ(why_not(R"({"id": "1", "source": "a", "begin": -1, "end": 5})"),
            begin + "begin of learned[0] is -1, must be a whole number, at least 0");
  EXPECT_EQ(why_not(R"({"id": "1", "source": "a", "begin": 7, "end": 5})"),
            begin + "end of learned[0] is 5, before begin, 7");
  EXPECT_EQ(why_not(good + R"(, "words_cut": "x"})"),
            begin + "words_cut of learned[0] is \"x\", must be a whole number, at least 0");
  EXPECT_EQ(why_not(good + R"(, "side": 1})"), begin + "learned[0] has side, which is no part of it");
}

TEST(TextSplit, SaysWhatBecameOfTheTexts) {
  const TextSplit then = Split({{"1", "a.txt", 0, 10}, {"2", "b.txt", 0, 5}}, {{"3", "c.txt", 0, 9}});
  EXPECT_EQ(DifferenceOf(then, then), "");
  // Which side a text is on is no change of the text.
  EXPECT_EQ(DifferenceOf(then, Split({{"1", "a.txt", 0, 8}, {"2", "b.txt", 0, 5}, {"3", "c.txt", 0, 9}},
                                     {{"1", "a.txt", 8, 10}})),
            "");
  EXPECT_EQ(DifferenceOf(then, Split({{"1", "a.txt", 0, 10}, {"4", "b.txt", 0, 5}, {"5", "d.txt", 0, 5}}, {})),
            "1 document is new (d.txt), 1 has changed (b.txt), 1 is gone (c.txt)");
  EXPECT_EQ(DifferenceOf(then, Split({{"1", "a.txt", 0, 12}}, {})),
            "1 document has changed (a.txt), 2 are gone (b.txt, c.txt)");
  EXPECT_EQ(DifferenceOf({}, Split({{"1", "1", 0, 1}, {"2", "2", 0, 1}, {"3", "3", 0, 1}, {"4", "4", 0, 1}}, {})),
            "4 documents are new (1, 2, 3, ...)");
  // Conversations of a file.
  EXPECT_EQ(DifferenceOf(Split({{"", "x.jsonl", 1, 2}}, {}), Split({{"", "x.jsonl", 1, 2}, {"", "x.jsonl", 2, 3}}, {})),
            "1 document has changed (x.jsonl)");
}

}  // namespace
}  // namespace sheepop
