#include "data/held_out.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/zstd_stream.h"
#include "testing/temporary_folder.h"

namespace sheepop {
namespace {

using testing::TemporaryFolder;
using testing::WriteFile;

class Kept final : public TextSink {
 public:
  void Learn(std::string_view text) override { learned.emplace_back(text); }
  void HoldOut(std::string_view text) override { held_out.emplace_back(text); }
  std::vector<std::string> learned, held_out;
  TextSplit split;
};

Kept Read(const std::filesystem::path& input, const HeldOut& held_out) {
  Kept kept;
  kept.split = ReadSplitTexts(input.string(), held_out, kept);
  return kept;
}

std::string Refusal(const std::filesystem::path& input, const HeldOut& held_out) {
  try {
    Read(input, held_out);
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), ErrorCategory::kInvalidArgument);
    return error.what();
  }
  return "";
}

struct Named {
  std::string name, text;
};

void WriteDocuments(const std::filesystem::path& path, const std::vector<Named>& documents) {
  std::string packed;
  ZstdWriter writer([&](std::string_view bytes) { packed += bytes; }, 3, false);
  for (const auto& [name, text] : documents) {
    writer.Write("{\"id\": \"" + name + "\", \"source\": \"" + name + "\", \"text\": \"" + text + "\"}\n");
  }
  writer.Finish();
  WriteFile(path, packed);
}

// Each document named by its text.
void WriteCorpus(const std::filesystem::path& path, const std::vector<std::string>& texts) {
  std::vector<Named> documents;
  for (const std::string& text : texts) documents.push_back({text, text});
  WriteDocuments(path, documents);
}

TEST(HeldOutTexts, OfASingleTextTheEnd) {
  const TemporaryFolder folder;
  WriteFile(folder / "book.txt", "0123456789");
  const Kept kept = Read(folder / "book.txt", {.names = {}, .share = 0.2});
  EXPECT_EQ(kept.learned, std::vector<std::string>{"01234567"});
  EXPECT_EQ(kept.held_out, std::vector<std::string>{"89"});
  EXPECT_TRUE(Read(folder / "book.txt", {.names = {}, .share = 0}).held_out.empty());
}

TEST(HeldOutTexts, OfASingleDocumentOfACorpusToo) {
  const TemporaryFolder folder;
  WriteCorpus(folder / "c.jsonl.zst", {"0123456789"});
  EXPECT_EQ(Read(folder / "c.jsonl.zst", {.names = {}, .share = 0.2}).held_out, std::vector<std::string>{"89"});
}

TEST(HeldOutTexts, ANameThatFitsNothingIsRefusedWhateverTheInput) {
  const TemporaryFolder folder;
  WriteFile(folder / "book.txt", "0123456789");
  WriteCorpus(folder / "c.jsonl.zst", {"one", "two"});
  for (const char* input : {"book.txt", "c.jsonl.zst"}) {
    EXPECT_NE(Refusal(folder / input, {.names = {"chapter"}}).find("--held-out chapter"), std::string::npos) << input;
  }
}

TEST(HeldOutTexts, NamesThatLeaveNothingToLearnAreRefused) {
  const TemporaryFolder folder;
  WriteFile(folder / "book.txt", "0123456789");
  WriteCorpus(folder / "c.jsonl.zst", {"one", "two"});
  EXPECT_NE(Refusal(folder / "book.txt", {.names = {"book"}}).find("nothing to learn"), std::string::npos);
  EXPECT_NE(Refusal(folder / "c.jsonl.zst", {.names = {"one", "tw"}}).find("nothing to learn"), std::string::npos);
}

TEST(HeldOutTexts, NamedDocumentsAndNoOthers) {
  const TemporaryFolder folder;
  WriteCorpus(folder / "c.jsonl.zst", {"one", "two", "three", "twofold"});
  const Kept kept = Read(folder / "c.jsonl.zst", {.names = {"two"}, .share = 0.9});
  EXPECT_EQ(kept.learned, (std::vector<std::string>{"one", "three"}));
  EXPECT_EQ(kept.held_out, (std::vector<std::string>{"two", "twofold"}));
}

TEST(HeldOutTexts, AShareDrawnByTheDocumentAloneAndOneDrawHoldsTheSmallerOnes) {
  const TemporaryFolder folder;
  std::vector<std::string> texts;
  for (int i = 0; i < 400; ++i) texts.push_back("document " + std::to_string(i));
  WriteCorpus(folder / "c.jsonl.zst", texts);
  const std::vector<std::string> few = Read(folder / "c.jsonl.zst", {.names = {}, .share = 0.1}).held_out;
  const std::vector<std::string> many = Read(folder / "c.jsonl.zst", {.names = {}, .share = 0.3}).held_out;
  EXPECT_NEAR(static_cast<double>(few.size()), 40, 20);
  EXPECT_NEAR(static_cast<double>(many.size()), 120, 35);
  for (const std::string& text : few) EXPECT_NE(std::ranges::find(many, text), many.end()) << text;
  texts.erase(texts.begin(), texts.begin() + 200);
  WriteCorpus(folder / "c.jsonl.zst", texts);
  for (const std::string& text : Read(folder / "c.jsonl.zst", {.names = {}, .share = 0.1}).held_out) {
    EXPECT_NE(std::ranges::find(few, text), few.end()) << text;
  }
}

std::vector<std::string> Sorted(std::vector<std::string> texts) {
  std::ranges::sort(texts);
  return texts;
}

TEST(HeldOutTexts, TheSameTextsUnderOtherNamesAndInAnotherOrderAreSplitAlike) {
  const TemporaryFolder folder;
  std::vector<Named> documents;
  for (int i = 0; i < 60; ++i) documents.push_back({"a/" + std::to_string(i), "document " + std::to_string(i)});
  WriteDocuments(folder / "a.jsonl.zst", documents);
  const Kept here = Read(folder / "a.jsonl.zst", {.names = {}, .share = 0.3});
  std::ranges::reverse(documents);
  for (Named& document : documents) document.name = "./elsewhere/" + document.name + ".txt";
  WriteDocuments(folder / "b.jsonl.zst", documents);
  const Kept there = Read(folder / "b.jsonl.zst", {.names = {}, .share = 0.3});
  EXPECT_FALSE(here.held_out.empty());
  EXPECT_EQ(Sorted(here.held_out), Sorted(there.held_out));
  EXPECT_EQ(Sorted(here.learned), Sorted(there.learned));
}

TEST(HeldOutTexts, AreListedAsTheyWent) {
  const TemporaryFolder folder;
  WriteCorpus(folder / "c.jsonl.zst", {"one", "two", "three"});
  EXPECT_EQ(SplitJson(Read(folder / "c.jsonl.zst", {.names = {"two"}}).split),
            "{\"learned\": [\n{\"id\":\"one\",\"source\":\"one\",\"begin\":0,\"end\":3},\n"
            "{\"id\":\"three\",\"source\":\"three\",\"begin\":0,\"end\":5}],\n"
            "\"held_out\": [\n{\"id\":\"two\",\"source\":\"two\",\"begin\":0,\"end\":3}]}\n");
  WriteFile(folder / "book.txt", "0123456789");
  const TextSplit split = Read(folder / "book.txt", {.names = {}, .share = 0.2}).split;
  ASSERT_EQ(split.learned.size(), 1u);
  ASSERT_EQ(split.held_out.size(), 1u);
  EXPECT_EQ(split.learned[0].end, 8u);
  EXPECT_EQ(split.held_out[0].begin, 8u);
  EXPECT_EQ(split.held_out[0].end, 10u);
  EXPECT_EQ(split.held_out[0].source, (folder / "book.txt").string());
}

std::string Counting(int from, int to) {
  std::string out;
  for (int i = from; i < to; ++i) out += "Word" + std::to_string(i) + " ";
  return out;
}

TEST(HeldOutTexts, WhatALearnedDocumentHasTooIsCutFromTheHeldOutSideOnly) {
  const TemporaryFolder folder;
  std::string shouted = Counting(100, 150);
  for (char& c : shouted) c = static_cast<char>(std::toupper(c));
  WriteDocuments(folder / "c.jsonl.zst", {{"h", "before " + shouted + "  behind"},
                                          {"l1", Counting(0, 200)},
                                          {"h2", Counting(0, 50)},
                                          {"h3", "x " + Counting(10, 59) + "y"}});
  const Kept kept = Read(folder / "c.jsonl.zst", {.names = {"h"}});
  EXPECT_EQ(kept.learned, std::vector<std::string>{Counting(0, 200)});
  EXPECT_EQ(kept.held_out, (std::vector<std::string>{"before behind", "x " + Counting(10, 59) + "y"}));
  ASSERT_EQ(kept.split.held_out.size(), 3u);
  EXPECT_EQ(kept.split.held_out[0].words_cut, 50u);
  EXPECT_EQ(kept.split.held_out[1].words_cut, 50u);
  EXPECT_EQ(kept.split.held_out[2].words_cut, 0u);
  EXPECT_EQ(kept.split.words_cut, 100u);
}

std::string Book(int number, int words) {
  std::string out;
  for (int i = 0; i < words; ++i) out += "Book" + std::to_string(number) + "word" + std::to_string(i) + " ";
  return out;
}

TEST(HeldOutTexts, OfFewDocumentsTheEndsOfSome) {
  const TemporaryFolder folder;
  // Of every pair, whatever the draw says of each: at 5% nearly none holds one.
  for (int i = 0; i < 40; ++i) {
    const std::string longer = Book(i, 300), shorter = Book(i + 100, 100);
    WriteDocuments(folder / "c.jsonl.zst", {{"shorter", shorter}, {"longer", longer}});
    const Kept kept = Read(folder / "c.jsonl.zst", {});
    ASSERT_EQ(kept.held_out.size(), 1u) << i;
    const auto all = static_cast<double>(longer.size() + shorter.size());
    EXPECT_GE(static_cast<double>(kept.held_out[0].size()), 0.05 * all);
    EXPECT_LE(static_cast<double>(kept.held_out[0].size()), 0.25 * all);
    EXPECT_EQ(kept.held_out[0].find("Book"), 0u);
    size_t learned = 0;
    for (const std::string& text : kept.learned) learned += text.size();
    EXPECT_EQ(learned + kept.held_out[0].size(), longer.size() + shorter.size());
    EXPECT_EQ(kept.split.held_out[0].end, kept.split.held_out[0].source == "longer" ? longer.size() : shorter.size());
  }
}

TEST(HeldOutTexts, OfDocumentsThatAreAllDrawnSomethingIsLearned) {
  const TemporaryFolder folder;
  WriteCorpus(folder / "c.jsonl.zst", {Book(1, 50), Book(2, 50)});
  for (const double share : {0.05, 0.5, 0.9}) {
    const Kept kept = Read(folder / "c.jsonl.zst", {.names = {}, .share = share});
    EXPECT_FALSE(kept.learned.empty()) << share;
    EXPECT_FALSE(kept.held_out.empty()) << share;
  }
  EXPECT_TRUE(Read(folder / "c.jsonl.zst", {.names = {}, .share = 0}).held_out.empty());
}

TEST(HeldOutTexts, AnEndIsLearnedNowhere) {
  const TemporaryFolder folder;
  WriteCorpus(folder / "c.jsonl.zst", {Book(1, 200) + Counting(0, 60), Counting(0, 60)});
  const Kept kept = Read(folder / "c.jsonl.zst", {.names = {}, .share = 0.2});
  ASSERT_EQ(kept.split.held_out.size(), 1u);
  EXPECT_GT(kept.split.words_cut, 30u);
}

TEST(HeldOutTexts, CaseAndWhiteSpaceDoNotDecide) {
  for (int i = 0; i < 60; ++i) {
    const std::string n = std::to_string(i);
    const bool drawn = DrawnToHoldOut("the \u00e4ra of " + n + " sheep", 0.3);
    EXPECT_EQ(DrawnToHoldOut("\n The\t\u00c4RA of\u00a0\r\n" + n + "  SHEEP\n\n", 0.3), drawn) << n;
  }
}

TEST(HeldOutTexts, TextsThatDifferInTheirLastLetterOnlyAreDrawnApart) {
  int drawn = 0;
  for (char c = 'a'; c <= 'z'; ++c) drawn += DrawnToHoldOut(std::string("all the same but for ") + c, 0.5);
  EXPECT_GT(drawn, 4);
  EXPECT_LT(drawn, 22);
}

}  // namespace
}  // namespace sheepop
