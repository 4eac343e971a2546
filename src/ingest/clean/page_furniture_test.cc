// What repeats near a page's edge goes; titles, refrains, salutations and headings stay.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ingest/clean/steps.h"
#include "ingest/test_support.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

struct Line {
  std::string text;
  float top;  // points from the upper edge of a page of 612 x 792
  float size = 11;
  float left = 72;
};
using Pages = std::vector<std::vector<Line>>;

Document DocumentOf(const Pages& pages) {
  Document document;
  document.kind = DocumentKind::kPdf;
  document.laid_out = true;
  for (uint32_t p = 0; p < pages.size(); ++p) {
    if (p > 0) document.text.push_back(kPageBreak);
    uint32_t marks = 0;
    for (const Line& line : pages[p]) {
      if (&line != &pages[p].front()) {
        document.text += "\n\n";
        marks += 2;
      }
      const float width = 0.5f * line.size * static_cast<float>(line.text.size());
      document.places.push_back({p, marks, line.left, line.top, line.left + width, line.top + line.size, 792});
      document.text += line.text;
    }
  }
  return document;
}

struct Cleaned {
  std::string text;
  uint64_t removed = 0;
  std::vector<std::string> notes;
  size_t Count(std::string_view words) const {
    size_t count = 0;
    for (size_t at = 0; (at = text.find(words, at)) != std::string::npos; at += words.size()) ++count;
    return count;
  }
};

Cleaned Clean(const Pages& pages) {
  Document document = DocumentOf(pages);
  const CleanResult result = MakePageFurniture()->Apply(document);
  EXPECT_TRUE(document.places.empty()) << "they no longer fit the text";
  return {document.text, result.changes, document.notes};
}

// Lines from `top` downward, none of them twice in the document: verses, or prose whose sentences run from page to page.
std::vector<Line> Body(int page, float top, int lines, float pitch = 14, bool prose = false) {
  std::vector<Line> body;
  for (int i = 0; i < lines; ++i) {
    std::string words = prose ? "line" : "A line";
    for (int n = page * 100 + i; n > 0; n /= 7) words += std::string(" ") + static_cast<char>('a' + n % 7) + "zu";
    if (prose) words.resize(80, 'x');
    body.push_back({words + (prose ? "" : "."), top + pitch * static_cast<float>(i)});
  }
  return body;
}

std::vector<Line> With(std::vector<Line> body, const std::vector<Line>& before, const std::vector<Line>& after = {}) {
  body.insert(body.begin(), before.begin(), before.end());
  body.insert(body.end(), after.begin(), after.end());
  return body;
}

TEST(PageFurniture, RunningHeadsAndNumbersGoButTheFirstHeadStays) {
  Pages pages;
  for (int p = 0; p < 6; ++p) {
    pages.push_back(With(Body(p, 80, 20), {{"A Running Title", 36}}, {{std::to_string(p + 17), 750}}));
  }
  const Cleaned clean = Clean(pages);
  EXPECT_EQ(clean.removed, 11u);
  EXPECT_EQ(clean.Count("A Running Title"), 1u);
  EXPECT_TRUE(clean.text.starts_with("A Running Title"));
  EXPECT_EQ(clean.Count("line"), 120u);
  EXPECT_EQ(clean.Count("17"), 0u);
  ASSERT_EQ(clean.notes.size(), 2u);
  EXPECT_EQ(clean.notes[0], "page furniture removed: page numbers from \"17\" on pages 1 to 6");
  EXPECT_EQ(clean.notes[1], "page furniture removed: \"A Running Title\" on pages 2 to 6");
}

TEST(PageFurniture, ATitleThatIsLargerOrElsewhereIsTheCopyThatStays) {
  for (const Line& title : {Line{"A RUNNING TITLE", 80, 18}, Line{"A Running Title", 300}}) {
    Pages pages;
    for (int p = 0; p < 4; ++p) pages.push_back(With(Body(p, 110, 20), {{"A Running Title", 36}}));
    pages[0].insert(pages[0].begin() + 1, title);
    const Cleaned clean = Clean(pages);
    EXPECT_EQ(clean.removed, 4u);
    EXPECT_EQ(clean.Count(title.text), 1u) << clean.text;
  }
}

TEST(PageFurniture, LeftAndRightPagesHaveHeadsOfTheirOwn) {
  Pages pages;
  for (int p = 0; p < 8; ++p) {
    const Line head = p % 2 == 0 ? Line{"THE BOOK " + std::to_string(p + 1), 36, 9, 72}
                                 : Line{std::to_string(p + 1) + " THE CHAPTER", 36, 9, 440};
    pages.push_back(With(Body(p, 80, 20), {head}));
  }
  const Cleaned clean = Clean(pages);
  EXPECT_EQ(clean.removed, 6u) << clean.text;
  EXPECT_EQ(clean.Count("THE BOOK"), 1u);
  EXPECT_EQ(clean.Count("THE CHAPTER"), 1u);
}

TEST(PageFurniture, ARefrainStays) {
  for (const float gap : {14.0f, 28.0f}) {
    Pages below, above;
    for (int p = 0; p < 5; ++p) {
      below.push_back(With(Body(p, 72, 44), {}, {{"And the sea sang on", 72 + 43 * 14 + gap}}));
      above.push_back(With(Body(p, 72 + gap, 12), {{"And the sea sang on", 72}}));
    }
    EXPECT_EQ(Clean(below).removed, 0u) << gap;
    EXPECT_EQ(Clean(above).removed, 0u) << gap;
  }
}

TEST(PageFurniture, SalutationsOfAFormLetterStay) {
  for (const float gap : {14.0f, 28.0f, 56.0f}) {
    Pages pages;
    for (int p = 0; p < 4; ++p) {
      pages.push_back(With(Body(p, 72 + gap, 12), {{"Dear customer,", 72}}, {{"Yours sincerely", 72 + gap + 12 * 14}}));
    }
    EXPECT_EQ(Clean(pages).removed, 0u) << gap;
  }
}

TEST(PageFurniture, TheSalutationUnderALetterheadStays) {
  Pages pages;
  for (int p = 0; p < 4; ++p) {
    pages.push_back(With(Body(p, 100, 20), {{"Glass Harbour Ferries", 24}, {"Dear traveller", 72}}));
  }
  const Cleaned clean = Clean(pages);
  EXPECT_EQ(clean.removed, 3u) << clean.text;
  EXPECT_EQ(clean.Count("Dear traveller"), 4u);
}

TEST(PageFurniture, HeadingsOfSlidesAndFormsStay) {
  Pages slides, quiz;
  for (int p = 0; p < 4; ++p) {
    slides.push_back(With(Body(p, 160, 4, 40), {{"Results of the survey", 60, 24}}));
    quiz.push_back({{"What is this", 40}, {"It is " + std::string(static_cast<size_t>(p + 2), 'a'), 400}});
  }
  EXPECT_EQ(Clean(slides).removed, 0u);
  EXPECT_EQ(Clean(quiz).removed, 0u) << "a page of two lines would lose half of them";
}

TEST(PageFurniture, SmallPagesAreNotEmptied) {
  Pages tickets, numbers;
  for (int p = 0; p < 6; ++p) {
    tickets.push_back({{"Glass Harbour Ferry", 30}, {"One way, no return", 400}, {"Keep this ticket", 760}});
    numbers.push_back({{std::to_string(p + 1), 760}});
  }
  const Cleaned clean = Clean(tickets);
  EXPECT_LE(clean.removed, 6u);
  EXPECT_EQ(clean.Count("One way, no return"), 6u);
  EXPECT_EQ(Clean(numbers).removed, 0u);
}

TEST(PageFurniture, AtMostAThirdOfAPageGoes) {
  Pages pages;
  for (int p = 0; p < 6; ++p) {
    pages.push_back(With(Body(p, 160, 4), {{"Head one", 20}, {"Head two", 34}, {"Head three", 48}, {"Head four", 62}}));
  }
  EXPECT_LE(Clean(pages).removed, 6u * 2);
}

TEST(PageFurniture, AHeadCloseToTheTextGoesWhenSentencesRunAcrossIt) {
  Pages pages;
  for (int p = 0; p < 5; ++p) pages.push_back(With(Body(p, 60, 40, 14, true), {{"Annals of Glass", 43}}));
  EXPECT_EQ(Clean(pages).removed, 4u);
}

TEST(PageFurniture, NeedsRepetition) {
  const Pages pages = {With(Body(0, 80, 9), {{"Chapter One", 36}}, {{"1950", 750}}),
                       With(Body(1, 80, 9), {{"Something else", 36}}, {{"2001", 750}})};
  EXPECT_EQ(Clean(pages).text, DocumentOf(pages).text);
}

TEST(PageFurniture, TheReportedDocument) {
  const auto pdf = testing::SharedPath("conformance/reports/page_furniture.pdf");
  if (!std::filesystem::exists(pdf)) GTEST_SKIP() << pdf << " is not there";
  const testing::TemporaryFolder folder;
  IngestOptions options;
  options.inputs = {pdf};
  const testing::Corpus corpus = testing::RunIngest(folder.path(), options);
  ASSERT_EQ(corpus.documents.size(), 1u);
  const std::string& text = corpus.documents.begin()->second.text;
  EXPECT_TRUE(text.starts_with("THE GLASS HARBOUR\n\nMorning came slowly")) << text;
  EXPECT_EQ(text.find("THE GLASS HARBOUR", 1), std::string::npos);
  EXPECT_NE(text.find("where the old sign said The Glass Harbour in letters made of tin"), std::string::npos) << text;
  EXPECT_EQ(corpus.report.changes_by_step.at("page_furniture"), 12u);
  const std::string notes = corpus.Field(corpus.entries.begin()->first, "notes");
  EXPECT_NE(notes.find("\\\"The Glass Harbour\\\" on pages 1 to 6"), std::string::npos) << notes;
}

TEST(PageFurniture, ASmallHeadCloseAboveTheTextGoesWhenItCountsThePages) {
  for (const bool counts : {true, false}) {
    for (const float size : {9.0f, 12.0f}) {
      Pages pages;
      for (int p = 0; p < 5; ++p) {
        const std::string head = counts ? "The Book of Mills " + std::to_string(p + 1) : "The Book of Mills 7";
        pages.push_back(With(Body(p, 75, 20), {{head, 60, size, 250}}));
      }
      EXPECT_EQ(Clean(pages).removed, counts && size == 9.0f ? 4u : 0u) << counts << " " << size;
    }
  }
}

}  // namespace
}  // namespace sheepop
