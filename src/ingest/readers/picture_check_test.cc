#include "ingest/readers/picture_check.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "base/child_process.h"
#include "ingest/test_support.h"

namespace sheepop {
namespace {

using testing::Corpus;
using testing::MakePdf;
using testing::PdfLines;
using testing::RunIngest;
using testing::TemporaryFolder;
using testing::WriteFile;

std::vector<size_t> UpTo(size_t count) {
  std::vector<size_t> pages(count);
  std::iota(pages.begin(), pages.end(), 0);
  return pages;
}

TEST(PagesToCheck, OneOfTwentyAndAtMostFive) {
  EXPECT_EQ(PagesToCheck(UpTo(1), 1, "ab").size(), 1u);
  EXPECT_EQ(PagesToCheck(UpTo(20), 20, "ab").size(), 1u);
  EXPECT_EQ(PagesToCheck(UpTo(21), 21, "ab").size(), 2u);
  EXPECT_EQ(PagesToCheck(UpTo(1000), 1000, "ab").size(), 5u);
  EXPECT_EQ(PagesToCheck({7, 9}, 1000, "ab"), (std::vector<size_t>{7, 9}));
  EXPECT_TRUE(PagesToCheck({}, 5, "ab").empty());
  EXPECT_EQ(PagesToCheck(UpTo(1000), 1000, "ab"), PagesToCheck(UpTo(1000), 1000, "ab"));
  EXPECT_NE(PagesToCheck(UpTo(1000), 1000, "ab"), PagesToCheck(UpTo(1000), 1000, "cd"));
}

// A picture of one line, whose words have these degrees of sureness.
OcrResult Picture(const std::vector<std::pair<std::string, double>>& words) {
  LayoutLine line;
  OcrResult result;
  for (const auto& [text, confidence] : words) {
    line.words.push_back({{}, text, confidence});
    result.confidence += confidence / static_cast<double>(words.size());
  }
  LayoutBlock block;
  block.lines = {line};
  LayoutPage page;
  page.blocks = {block};
  result.layouts = {page};
  result.words = words.size();
  return result;
}

TEST(ComparePicture, CountsWhatEitherSideLacks) {
  const PageFidelity page =
      ComparePicture(2, "The \uFB01sh swam\nby night",
                     Picture({{"The", 95}, {"fish", 95}, {"swam", 95}, {"far", 95}, {"smudge", 20}}));
  EXPECT_EQ(page.page, 2u);
  EXPECT_EQ(page.words.words, 5u);
  EXPECT_EQ(page.words.missing_words, std::vector<std::string>{"far"});
  EXPECT_EQ(page.words.added_words, (std::vector<std::string>{"by", "night"}));
  EXPECT_FALSE(page.Differs()) << "a word or two are what OCR misreads";
}

class PictureCheck : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    for (const char* program : {"tesseract", "pdftoppm"}) {
      ChildCommand version;
      version.arguments = {program, "-v"};
      if (RunChild(version, {}).outcome == ChildOutcome::kMissing) GTEST_SKIP() << program << " is not installed";
    }
  }

  Corpus Run(const std::string& pdf, const std::string& fidelity) {
    WriteFile(folder_ / "in/one.pdf", pdf);
    IngestOptions options;
    options.fidelity = fidelity;
    options.clean.page_furniture = false;
    return RunIngest(folder_.path(), options);
  }

  TemporaryFolder folder_;
};

const std::vector<std::string> kLetter = {"The miller writes that the wheel has stopped",
                                          "and that nobody came to look after it before",
                                          "the first snow had fallen on the village now."};

TEST_F(PictureCheck, WordsThatNobodySeesAreTold) {
  const std::string seen = PdfLines(kLetter);
  const std::string unseen =
      " 3 Tr " +
      PdfLines({"Buy our marvellous golden watches today", "cheap insurance for every single horse"}, 72, 500);
  const Corpus off = Run(MakePdf({seen + unseen}), "converted");
  EXPECT_EQ(off.report.checked_pages, 0u);
  EXPECT_EQ(off.Field("one.pdf", "fidelity_of_pages"), "");

  const Corpus honest = Run(MakePdf({seen}), "ocr");
  EXPECT_EQ(honest.report.checked_pages, 1u);
  EXPECT_EQ(honest.report.differing_pages, 0u) << honest.Field("one.pdf", "fidelity_of_pages");

  const Corpus hidden = Run(MakePdf({seen + unseen}), "ocr");
  ASSERT_EQ(hidden.report.differing.size(), 1u) << hidden.Field("one.pdf", "fidelity_of_pages");
  EXPECT_EQ(hidden.report.differing[0].page.page, 0u);
  const std::string told = hidden.Field("one.pdf", "fidelity_of_pages");
  for (const char* part : {"\"page\":1", "\"differs\":true", "marvellous", "\"missing\":0"}) {
    EXPECT_NE(told.find(part), std::string::npos) << told;
  }
  EXPECT_EQ(hidden.Text("one.pdf"), off.Text("one.pdf")) << "the check changes no text";
}

TEST_F(PictureCheck, OfManyPagesSomeAreRead) {
  std::vector<std::string> pages;
  for (int p = 1; p <= 23; ++p)
    pages.push_back(
        PdfLines({fmt::format("On page {} stand some twenty words", p), "about a miller and his wheel in the snow"}));
  const Corpus corpus = Run(MakePdf(pages), "ocr");
  EXPECT_EQ(corpus.report.checked_pages, 2u);
  EXPECT_EQ(corpus.report.differing_pages, 0u) << corpus.Field("one.pdf", "fidelity_of_pages");
}

}  // namespace
}  // namespace sheepop
