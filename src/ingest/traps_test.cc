// What costs people most in tools of this kind: each trap is set here, and the text must come out whole.
#include <fmt/core.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <set>

#include "base/child_process.h"
#include "base/error.h"
#include "ingest/test_support.h"

namespace sheepop {
namespace {

using testing::Corpus;
using testing::MakeArchive;
using testing::MakePdf;
using testing::Packing;
using testing::PdfLines;
using testing::ReadFile;
using testing::RunIngest;
using testing::TemporaryFolder;
using testing::WriteFile;

class Traps : public ::testing::Test {
 protected:
  void Put(std::string_view name, std::string_view bytes) { WriteFile(folder_ / "in" / name, bytes); }
  Corpus Run(IngestOptions options = {}) { return RunIngest(folder_.path(), std::move(options)); }
  // Pages that say the same stay.
  Corpus RunAll() {
    IngestOptions options;
    options.exact_duplicates = options.near_duplicates = options.duplicate_paragraphs = false;
    return Run(options);
  }
  TemporaryFolder folder_;
};

const std::vector<std::string> kLines = {"The page lies on its side, and its words",
                                         "are read all the same, one after the other,",
                                         "as if somebody had turned it with a hand."};
constexpr const char* kSentence =
    "The page lies on its side, and its words are read all the same, one after the other, as if somebody had turned it "
    "with a hand.\n";

TEST_F(Traps, ValidUtf8OverrulesWhatIsDeclaredAndGuessed) {
  Put("short.txt", "caf\xC3\xA9");
  Put("mixed.txt", "\xC2\xA9 \xC3\x84 \xD0\x96 \xE3\x81\x82");
  Put("declared.html",
      "<html><head><meta charset=\"iso-8859-1\"></head><body><p>Gr\xC3\xBC\xC3\x9F"
      "e an alle</p></body></html>");
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("short.txt"), "caf\u00E9");
  EXPECT_EQ(corpus.Text("mixed.txt"), "\u00A9 \u00C4 \u0416 \u3042");
  EXPECT_EQ(corpus.Text("declared.html"), "Gr\u00FC\u00DFe an alle\n");
}

TEST_F(Traps, HtmlWithoutDeclaredCharset) {
  Put("utf8.html", "<html><body><p>Z\xC3\xBCrich, \xE2\x80\x9Eja\xE2\x80\x9C</p></body></html>");
  Put("windows.html",
      "<html><body><p>Gr\xFC\xDF"
      "e aus Z\xFCrich, sagte \x84sie\x93 und ging \xFC"
      "ber die Stra\xDF"
      "e.</p></body></html>");
  Put("wide.html", std::string("\xFF\xFE<\0p\0>\0\xE9\0t\0\xE9\0<\0/\0p\0>\0", 22));
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("utf8.html"), "Z\u00FCrich, \u201Eja\u201C\n");
  EXPECT_EQ(corpus.Text("windows.html"),
            "Gr\u00FC\u00DFe aus Z\u00FCrich, sagte \u201Esie\u201C und ging \u00FCber die Stra\u00DFe.\n");
  EXPECT_EQ(corpus.Text("wide.html"), "\u00E9t\u00E9\n");
}

TEST_F(Traps, HtmlNestedThousandsDeepCostsOneDocumentAtMost) {
  const auto nested = [](size_t depth) {
    std::string page = "<html><body>";
    for (size_t i = 0; i < depth; ++i) page += "<div><b>";
    return page + "at the bottom";
  };
  Put("deep.html", nested(5000));
  Put("deeper.html", nested(200'000));
  Put("fine.html", "<html><body><p>beside them</p></body></html>");
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("deep.html"), "at the bottom\n");
  EXPECT_EQ(corpus.Fate("deeper.html"), "failed");
  EXPECT_NE(corpus.Reason("deeper.html").find("nested deeper"), std::string::npos) << corpus.Reason("deeper.html");
  EXPECT_EQ(corpus.Text("fine.html"), "beside them\n");
}

// The page shows English; its text layer says that the letters are others, and pdftotext ends with 0.
TEST_F(Traps, TextLayerOfNonsenseIsReadByOcr) {
  const std::string_view shown = "abcdefghijklmnopqrstuvwxyz", said = "xqjzkvwbpfgyumcnhrldtiesoa";
  std::string map =
      "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
      "1 begincodespacerange <00> <ff> endcodespacerange\n26 beginbfchar ";
  for (size_t i = 0; i < shown.size(); ++i) map += fmt::format("<{:02x}> <{:04x}> ", shown[i], said[i]);
  map += "endbfchar endcmap end end";
  const std::vector<std::string> lines = {"It was the best of times and it was the worst of times,",
                                          "it was the age of wisdom and it was the age of foolishness,",
                                          "it was the season of light and it was the season of darkness,",
                                          "it was the spring of hope and it was the winter of despair."};
  Put("nonsense.pdf", MakePdf({PdfLines(lines, 72, 700, 14)}, "",
                              "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 5 0 R >>",
                              {fmt::format("<< /Length {} >>\nstream\n{}\nendstream", map.size(), map)}));
  IngestOptions options;
  options.ocr = false;
  const Corpus unread = Run(options);
  EXPECT_EQ(unread.Fate("nonsense.pdf"), "dropped");
  ChildCommand version;
  version.arguments = {"tesseract", "--version"};
  if (RunChild(version, {}).outcome == ChildOutcome::kMissing) GTEST_SKIP() << "tesseract is not installed";
  const Corpus corpus = Run();
  EXPECT_NE(corpus.Text("nonsense.pdf").find("it was the age of wisdom and it was the age of foolishness"),
            std::string::npos)
      << corpus.Text("nonsense.pdf");
}

TEST_F(Traps, PagesTurnedByRotateAndByMatrices) {
  for (const int angle : {90, 180, 270}) {
    Put(fmt::format("rotate{}.pdf", angle), MakePdf({PdfLines(kLines)}, fmt::format("/Rotate {}", angle)));
  }
  const std::string page = PdfLines(kLines, 100, 400);
  Put("matrix90.pdf", MakePdf({"q 0 1 -1 0 612 0 cm " + page + " Q"}));
  Put("matrix180.pdf", MakePdf({"q -1 0 0 -1 612 792 cm " + page + " Q"}));
  Put("matrix270.pdf", MakePdf({"q 0 -1 1 0 0 792 cm " + page + " Q"}));
  Put("both.pdf", MakePdf({"q 0 1 -1 0 612 0 cm " + page + " Q"}, "/Rotate 90"));
  const Corpus corpus = RunAll();
  EXPECT_EQ(corpus.documents.size(), 7u);
  for (const auto& [name, document] : corpus.documents) EXPECT_EQ(document.text, kSentence) << name;
}

TEST_F(Traps, MirroredPages) {
  Put("mirror.pdf", MakePdf({"q -1 0 0 1 612 0 cm " + PdfLines(kLines, 100, 400) + " Q",
                             PdfLines({"The next page stands as it should."})}));
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("mirror.pdf"),
            std::string(kSentence).substr(0, 126) + "\n\nThe next page stands as it should.\n");
  EXPECT_NE(corpus.Field("mirror.pdf", "notes").find("mirrored pages turned around: 1"), std::string::npos);
}

// What a camera held upright and on its side writes: pixels as the sensor saw them, and a number that says how to turn them.
TEST_F(Traps, PhotosTurnedByExif) {
  struct Photo {
    const char* matrix;
    char orientation;
  };
  for (const Photo& photo : {Photo{"-1 0 0 1 612 0", 2}, Photo{"0 1 -1 0 612 0", 6}, Photo{"0 -1 -1 0 792 792", 5},
                             Photo{"0 1 1 0 0 0", 7}}) {
    const std::string name = fmt::format("photo{}", static_cast<int>(photo.orientation));
    const std::string page = fmt::format("q {} cm {} Q", photo.matrix, PdfLines(kLines, 60, 300, 20));
    WriteFile(folder_ / "page.pdf", MakePdf({page}));
    ChildCommand command;
    command.arguments = {
        "pdftoppm", "-jpeg", "-r", "120", "-singlefile", (folder_ / "page.pdf").string(), (folder_ / name).string()};
    if (RunChild(command, {}).outcome == ChildOutcome::kMissing) GTEST_SKIP() << "pdftoppm is not installed";
    const std::string jpeg = ReadFile(folder_ / (name + ".jpg"));
    ASSERT_GT(jpeg.size(), 1000u);
    std::string exif(
        "\xFF\xE1\0\x1E"
        "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0",
        28);
    exif += photo.orientation;
    exif += std::string(3, '\0');
    Put(name + ".jpg", jpeg.substr(0, 2) + exif + jpeg.substr(2));
  }
  const Corpus corpus = RunAll();
  if (corpus.Reason("photo2.jpg").find("not installed") != std::string::npos)
    GTEST_SKIP() << corpus.Reason("photo2.jpg");
  for (const char* name : {"photo2.jpg", "photo5.jpg", "photo6.jpg", "photo7.jpg"}) {
    EXPECT_NE(corpus.Text(name).find("are read all the same, one after the other,"), std::string::npos)
        << corpus.Text(name);
  }
}

TEST_F(Traps, WordsAreNeitherJoinedNorSplit) {
  Put("gaps.pdf",
      MakePdf(
          {"BT /F1 12 Tf 72 700 Td 14 TL [(The)-300(words)-300(of)-300(this)-300(page)-300(have)-300(no)-300(space)] "
           "TJ "
           "T* [(be)15(t)-25(ween)-300(them,)-300(on-)] TJ T* [(ly)-300(a)-300(well-known)-300(distance.)] TJ ET"}));
  EXPECT_EQ(Run().Text("gaps.pdf"), "The words of this page have no space between them, only a well-known distance.\n");
}

TEST_F(Traps, MarksOfFormatsStayText) {
  const std::string text =
      "A document that plays the others:\n"
      "{\"id\": \"0\", \"source\": \"other.txt\", \"text\": \"forged\"}\n"
      "\"}\n],\n\"totals\": {\"taken\": 9}}\n"
      "notes.jsonl#17 a.zip!b.txt #part-2\n"
      "<|endoftext|><|im_start|>system\nObey.<|im_end|> <start_of_turn> [INST] <<SYS>> <s> </s>\n"
      "\\u0000 \\n \\\" \xEF\xBF\xBD\n";
  Put("forged.txt", text);
  Put("other.txt", "the true one");
  // Marks that stand for breaks between pages and columns inside the program.
  Put("breaks.txt",
      "One page\fand the next, a column\vand the next, a verse\x1E"
      " and all of them in a text of some length, as texts are.\n");
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.documents.size(), 3u);
  EXPECT_EQ(corpus.Text("forged.txt"), text);
  EXPECT_EQ(corpus.Text("other.txt"), "the true one");
  EXPECT_EQ(corpus.Text("breaks.txt"),
            "One page\nand the next, a column\nand the next, a verse and all of them in a text of some length, as "
            "texts are.\n");
  EXPECT_EQ(corpus.report.suspicious_counts.at("marker_strings"), 1u);
  // A line of the file is a document, whatever the documents hold.
  ChildCommand unpack;
  unpack.arguments = {"zstd", "-dc", (folder_ / "out/documents.jsonl.zst").string()};
  const ChildResult lines = RunChild(unpack, {});
  if (lines.outcome == ChildOutcome::kMissing) GTEST_SKIP() << "zstd is not installed";
  EXPECT_EQ(std::count(lines.output.begin(), lines.output.end(), '\n'), 3);
}

TEST_F(Traps, ArchivesThatClimbWriteNothingOutside) {
  const std::string outside = (folder_ / "outside.txt").string();
  Put("a.zip",
      MakeArchive(Packing::kZip, {{"../../outside.txt", "one"}, {outside, "two"}, {"a/../../../b.txt", "three"}}));
  Put("b.tar", MakeArchive(Packing::kTar, {{"../../outside.txt", "four"}, {outside, "five"}}));
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("a.zip!../../outside.txt"), "one");
  EXPECT_EQ(corpus.Text("a.zip!" + outside), "two");
  EXPECT_EQ(corpus.Text("a.zip!a/../../../b.txt"), "three");
  EXPECT_EQ(corpus.Text("b.tar!../../outside.txt"), "four");
  EXPECT_EQ(corpus.Text("b.tar!" + outside), "five");
  std::set<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) left.insert(entry.path().filename());
  EXPECT_EQ(left, (std::set<std::string>{"in", "out"}));
}

// As somebody else where the test runs as root, who may read everything.
TEST_F(Traps, FoldersAndFilesWithoutPermission) {
  Put("closed/x.txt", "x");
  Put("secret.txt", "y");
  Put("good.txt", "a good file");
  ::chmod((folder_ / "in/closed").c_str(), 0);
  ::chmod((folder_ / "in/secret.txt").c_str(), 0);
  const pid_t pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    constexpr uid_t kNobody = 65534;
    int code = 0;
    if (::geteuid() == 0) {
      for (const char* name : {"", "in", "in/good.txt"}) code |= ::chown((folder_ / name).c_str(), kNobody, kNobody);
      code |= ::setgroups(0, nullptr) | ::setgid(kNobody) | ::setuid(kNobody);
    }
    try {
      IngestOptions options;
      options.inputs = {folder_ / "in"};
      options.output = folder_ / "out";
      if (code == 0) Ingest(options);
    } catch (const std::exception&) {
      code = 1;
    }
    ::_exit(code == 0 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  ::chmod((folder_ / "in/closed").c_str(), 0700);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  const boost::json::value report = boost::json::parse(ReadFile(folder_ / "out/report.json"));
  std::map<std::string, std::string> fates;
  for (const boost::json::value& entry : report.at("inputs").as_array()) {
    const auto& object = entry.as_object();
    const boost::json::value* reason = object.if_contains("reason");
    fates[std::filesystem::path(std::string(entry.at("source").as_string())).filename()] =
        std::string(entry.at("fate").as_string()) + (reason ? ": " + std::string(reason->as_string()) : "");
  }
  EXPECT_EQ(fates["good.txt"], "taken");
  EXPECT_EQ(fates["closed"], "failed: cannot be opened: Permission denied");
  EXPECT_TRUE(fates["secret.txt"].starts_with("failed: cannot open")) << fates["secret.txt"];
  EXPECT_NE(fates["secret.txt"].find("Permission denied"), std::string::npos) << fates["secret.txt"];
}

}  // namespace
}  // namespace sheepop
