#include "ingest/compare/comparison.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <random>

#include "ingest/test_support.h"

namespace sheepop {
namespace {

std::string Words(uint32_t seed, size_t count) {
  std::mt19937 random(seed);
  std::string text;
  for (size_t i = 0; i < count; ++i) text += fmt::format("w{} ", random() % 5000);
  return text;
}

Fingerprint PrintOf(std::string text) {
  Document document;
  document.text = std::move(text);
  return FingerprintOf(document, 160);
}

size_t EqualBands(const Fingerprint& a, const Fingerprint& b) {
  size_t equal = 0;
  for (size_t i = 0; i < kDocumentBands; ++i) equal += a.bands[i] == b.bands[i];
  return equal;
}

TEST(Fingerprint, BandsFollowTheJaccardIndex) {
  const std::string text = Words(1, 2000);
  EXPECT_EQ(EqualBands(PrintOf(text), PrintOf(text)), kDocumentBands);
  EXPECT_LE(EqualBands(PrintOf(text), PrintOf(Words(2, 2000))), 1u);
  // A tenth of other words at the end: J is 0.9 / 1.1, and J^4 of 32 bands are 14.
  const size_t near = EqualBands(PrintOf(text), PrintOf(text + Words(3, 440)));
  EXPECT_GE(near, 9u);
  EXPECT_LE(near, 22u);
}

TEST(Fingerprint, QuotationMarksAndCaseDoNotCount) {
  EXPECT_EQ(PrintOf("\u201CI don\u2019t know,\u201D said he to her").bands,
            PrintOf("'I don't know,' Said He to Her").bands);
}

TEST(Comparison, DuplicatesOfWhatStays) {
  const testing::TemporaryFolder folder;
  WorkFolder work(folder / "work");
  IngestOptions options;
  Comparison comparison(options, work);
  const std::string text = Words(1, 1000);
  comparison.AddDocument(0, PrintOf(text));
  comparison.AddDocument(1, PrintOf(Words(2, 1000)));
  comparison.AddDocument(2, PrintOf(text));
  comparison.AddDocument(3, PrintOf(text + "and two more words"));
  comparison.FinishDocuments();
  EXPECT_FALSE(comparison.DuplicateOf(0));
  EXPECT_FALSE(comparison.DuplicateOf(1));
  ASSERT_TRUE(comparison.DuplicateOf(2));
  EXPECT_TRUE(comparison.DuplicateOf(2)->exact);
  ASSERT_TRUE(comparison.DuplicateOf(3));
  EXPECT_FALSE(comparison.DuplicateOf(3)->exact);
  EXPECT_EQ(comparison.DuplicateOf(3)->original, 0u);
}

TEST(Comparison, ParagraphsOfOtherDocumentsOnly) {
  const testing::TemporaryFolder folder;
  WorkFolder work(folder / "work");
  IngestOptions options;
  Comparison comparison(options, work);
  const std::string shared = Words(7, 60), own = Words(8, 60);
  const std::vector<Fingerprint> prints = {PrintOf(Words(1, 600) + "\n\n" + shared + "\n\n" + shared),
                                           PrintOf(own + "\n\n" + shared + "\n\n" + Words(2, 600))};
  for (size_t i = 0; i < prints.size(); ++i) comparison.AddDocument(i, prints[i]);
  comparison.FinishDocuments();
  for (size_t i = 0; i < prints.size(); ++i) comparison.AddParts(i, prints[i]);
  comparison.FinishParts();
  EXPECT_TRUE(comparison.RepeatedParagraphs(0).empty());
  const auto repeated = comparison.RepeatedParagraphs(1);
  ASSERT_EQ(repeated.size(), 1u);
  EXPECT_EQ(repeated[0].index, 1u);
  EXPECT_EQ(repeated[0].original, 0u);
}

TEST(Comparison, PassagesStandInOtherWordsAround) {
  const testing::TemporaryFolder folder;
  WorkFolder work(folder / "work");
  IngestOptions options;
  Comparison comparison(options, work);
  // A tale of 400 words told again, every twentieth word another and in other paragraphs; a phrase of 15 words that both
  // use as well; and a notice of 100 words that stands in every document.
  const std::string tale = Words(7, 400), notice = Words(9, 100), phrase = Words(10, 15);
  std::string retold;
  size_t words = 0;
  for (const char c : tale) {
    retold += c;
    if (c == ' ' && ++words % 20 == 0) retold += words % 60 == 0 ? "\n\nother " : "other ";
  }
  const std::vector<std::string> texts = {notice + Words(1, 500) + tale + Words(2, 500) + phrase,
                                          notice + Words(3, 700) + phrase + Words(4, 700) + retold,
                                          notice + Words(5, 500), notice + Words(6, 500), notice + Words(11, 500)};
  for (size_t i = 0; i < texts.size(); ++i) comparison.AddDocument(i, PrintOf(texts[i]));
  comparison.FinishDocuments();
  for (size_t i = 0; i < texts.size(); ++i) comparison.AddParts(i, PrintOf(texts[i]));
  comparison.FinishParts();
  EXPECT_TRUE(comparison.PassagesOf(0).empty());
  const std::vector<SharedRuns> passages = comparison.PassagesOf(1);
  ASSERT_EQ(passages.size(), 1u);
  EXPECT_EQ(passages[0].earlier, 0u);
  const size_t begin = texts[1].size() - retold.size();
  EXPECT_GE(passages[0].begin, begin);
  EXPECT_GT(passages[0].end - passages[0].begin, retold.size() * 3 / 4);
}

TEST(ExternalSorter, SortsMoreThanItsBuffer) {
  const testing::TemporaryFolder folder;
  WorkFolder work(folder / "work");
  ExternalSorter<uint64_t> sorter(work, 8 * 1000);
  std::mt19937_64 random(1);
  std::vector<uint64_t> expected;
  for (int i = 0; i < 200'000; ++i) expected.push_back(random());
  for (const uint64_t value : expected) sorter.Add(value);
  sorter.Sort();
  std::sort(expected.begin(), expected.end());
  uint64_t value = 0;
  for (const uint64_t wanted : expected) {
    ASSERT_TRUE(sorter.Next(value));
    ASSERT_EQ(value, wanted);
  }
  EXPECT_FALSE(sorter.Next(value));
}

}  // namespace
}  // namespace sheepop
