#include "ingest/document_view.h"

#include <gtest/gtest.h>

#include <string>

#include "base/child_process.h"
#include "base/error.h"
#include "ingest/marked_text.h"
#include "ingest/test_support.h"
#include "ingest/view_page.h"

namespace sheepop {
namespace {

using State = ViewPiece::State;
using testing::MakeArchive;
using testing::MakePdf;
using testing::Packing;
using testing::PdfLines;
using testing::ReadFile;
using testing::RunIngest;
using testing::TemporaryFolder;
using testing::WriteFile;

bool Holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// "kept [-removed by STEP-] [+added by STEP+]"; the line ends of the layout, and spaces in their place, as they stand.
std::string Shown(const DocumentView& view) {
  std::string out;
  for (const ViewPiece& piece : view.pieces) {
    const bool blank = piece.text.find_first_not_of("\n\x1E\x0B\f ") == std::string::npos;
    if (piece.state == State::kKept || (blank && piece.state == State::kAdded)) {
      out += piece.text;
    } else if (!blank) {
      out += (piece.state == State::kRemoved ? "[-" : "[+") + piece.text + " by " + piece.step + "]";
    }
  }
  return out;
}

class View : public ::testing::Test {
 protected:
  void SetUp() override {
    ChildCommand version;
    version.arguments = {"pdftoppm", "-v"};
    if (RunChild(version, {}).outcome == ChildOutcome::kMissing) GTEST_SKIP() << "pdftoppm is not installed";
  }

  // Pages under a running head, with a word that a line cuts.
  static std::string Pages(int count) {
    std::vector<std::string> pages;
    for (int p = 1; p <= count; ++p) {
      pages.push_back(
          PdfLines({fmt::format("The Book of Sheep {}", p)}, 72, 760) + " " +
          PdfLines({fmt::format("On page {} the shepherds of the inter-", p),
                    "national union counted all their sheep, and", "each night there was one more of them."},
                   72, 500));
    }
    return MakePdf(pages);
  }

  DocumentView Of(const std::string& name, uint32_t first = 1, uint32_t pages = 40, IngestOptions options = {}) {
    RunIngest(folder_.path(), options);
    ZstdReader reader(folder_ / "out/documents.jsonl.zst");
    const std::string source = (folder_ / "in" / name).string();
    for (std::string line; reader.ReadLine(line);) {
      const boost::json::value d = boost::json::parse(line);
      if (d.at("source").as_string() != source) continue;
      text_ = d.at("text").as_string();
      return ViewDocument({source, std::string(d.at("sha256").as_string()), text_, first, pages},
                          OptionsOfCorpus(folder_ / "out"));
    }
    ADD_FAILURE() << "no document " << name;
    return {};
  }

  // What was kept and added makes up the corpus' text.
  std::string Text(const DocumentView& view) const {
    std::string out;
    for (const ViewPiece& piece : view.pieces) {
      if (piece.state != State::kRemoved) out += piece.text;
    }
    return out;
  }

  TemporaryFolder folder_;
  std::string text_;
};

TEST_F(View, MarksWhatWasRemovedAndJoined) {
  WriteFile(folder_ / "in/book.pdf", Pages(4));
  const DocumentView view = Of("book.pdf");
  EXPECT_EQ(Text(view), text_);
  EXPECT_FALSE(Holds(text_, "Sheep 3"));
  const std::string shown = Shown(view);
  EXPECT_TRUE(Holds(shown, "[-The Book of Sheep 3") && Holds(shown, "by page_furniture]")) << shown;
  EXPECT_TRUE(Holds(shown, "inter[--\n by hyphenation]national")) << shown;
  ASSERT_EQ(view.pictures.size(), 4u);
  EXPECT_TRUE(view.pictures[2].bytes.starts_with("\xFF\xD8\xFF")) << view.pictures[2].missing;
}

TEST_F(View, ShowsThePagesThatAreAskedFor) {
  WriteFile(folder_ / "in/book.pdf", Pages(6));
  const DocumentView view = Of("book.pdf", 3, 2);
  EXPECT_EQ(std::pair(view.first_page, view.last_page), std::pair(2u, 4u));
  EXPECT_EQ(view.pictures.size(), 2u);
  for (const ViewPiece& piece : view.pieces) EXPECT_TRUE(piece.page == 2 || piece.page == 3);
  EXPECT_TRUE(Holds(Text(view), "On page 4") && !Holds(Text(view), "On page 5") && !Holds(Text(view), "On page 2"));
  EXPECT_THROW(Of("book.pdf", 7), Error);
}

TEST_F(View, ReadsAgainWithTheOptionsOfTheCorpus) {
  WriteFile(folder_ / "in/book.pdf", Pages(4));
  IngestOptions options;
  options.clean.page_furniture = false;
  const DocumentView view = Of("book.pdf", 1, 40, options);
  EXPECT_EQ(Text(view), text_);
  EXPECT_FALSE(Holds(Shown(view), "page_furniture"));
}

TEST_F(View, FindsMembersOfArchivesAndFilesWithOddNames) {
  WriteFile(folder_ / "in/a!b#.zip",
            MakeArchive(Packing::kZip, {{"x/one.txt", "The first of two texts.\r\n"}, {"x/two.pdf", Pages(3)}}));
  WriteFile(folder_ / "in/line\nend.txt", "A text of a file\x07 whose name is odd.");
  EXPECT_EQ(Text(Of("a!b#.zip!x/one.txt")), text_);
  EXPECT_TRUE(Of("a!b#.zip!x/one.txt").pictures.empty());
  EXPECT_EQ(Of("a!b#.zip!x/two.pdf").pictures.size(), 3u);
  EXPECT_TRUE(Holds(Shown(Of("line\\nend.txt")), "by control_characters]"));
}

TEST_F(View, RefusesWhatHasChangedOrIsGone) {
  WriteFile(folder_ / "in/one.txt", "A text that will change.");
  Of("one.txt");
  const std::string source = (folder_ / "in/one.txt").string();
  const auto view = [&] { return ViewDocument({source, std::string(64, '0'), text_}, IngestOptions()); };
  EXPECT_THROW(view(), Error);
  std::filesystem::remove(source);
  EXPECT_THROW(view(), Error);
  EXPECT_THROW(OptionsOfCorpus(folder_ / "nowhere"), Error);
}

TEST_F(View, ThePageNeedsNothingElse) {
  WriteFile(folder_ / "in/book.pdf", Pages(4));
  const std::string page = ViewPage(Of("book.pdf"), "book <1>.pdf");
  EXPECT_TRUE(Holds(page, "book &lt;1&gt;.pdf"));
  EXPECT_TRUE(Holds(page, "<del title=\"removed by page_furniture\">The Book of Sheep 3"));
  EXPECT_TRUE(Holds(page, "inter<del class=\"joined\" title=\"joined over a line's end\">-|</del>national"));
  EXPECT_TRUE(Holds(page, "src=\"data:image/jpeg;base64,/9j/"));
  for (const char* outside : {"http:", "https:", "<script", "<link", "url("}) EXPECT_FALSE(Holds(page, outside));
}

TEST(MarkedText, KnowsWhatOcrRead) {
  Document document;
  document.laid_out = true;
  document.text = "typed\nscanned\fnext";
  document.places = {{0, 0, 0, 0, 9, 9, 99, -1}, {0, 1, 0, 9, 9, 18, 99, 87}, {1, 0, 0, 0, 9, 9, 99, -1}};
  MarkedText marked(document);
  marked.Become("paragraphs", "typed scanned\n\nnext\n");
  const auto pieces = marked.Pieces(0, 2);
  std::string shown;
  for (const ViewPiece& piece : pieces) {
    if (piece.state != State::kRemoved) shown += fmt::format("{}{}:{};", piece.page, piece.confidence, piece.text);
  }
  EXPECT_EQ(shown, "0-1:typed;0-1: ;087:scanned;0-1:\n\n;1-1:next;1-1:\n;");
}

}  // namespace
}  // namespace sheepop
