// PDF pages whose text layer is not all that they show, or not what they show.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/child_process.h"
#include "ingest/readers/garbled.h"
#include "ingest/readers/page_picture.h"
#include "ingest/test_support.h"

namespace sheepop {
namespace {

using testing::Corpus;
using testing::MakePdf;
using testing::PdfLines;
using testing::RunIngest;
using testing::TemporaryFolder;
using testing::WriteFile;

constexpr double kScanDpi = 150;

// A part of a page, in points from its left upper corner.
struct Part {
  int x, y, width, height;
};

class PdfPictures : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    for (const char* program : {"tesseract", "pdftoppm"}) {
      ChildCommand version;
      version.arguments = {program, "-v"};
      if (RunChild(version, {}).outcome == ChildOutcome::kMissing) GTEST_SKIP() << program << " is not installed";
    }
  }

  // A page that shows `typed` as text, and over it, as a picture, what `scanned` draws in that part of a page.
  std::string WithScan(const std::string& typed, const std::string& scanned, const Part& part) {
    WriteFile(folder_ / "scanned.pdf", MakePdf({scanned}));
    const auto pixels = [](int points) { return static_cast<int>(points * kScanDpi / 72); };
    ChildCommand command;
    command.arguments = {"pdftoppm", "-gray", "-singlefile", "-r", std::to_string(static_cast<int>(kScanDpi))};
    for (const auto& [flag, value] : {std::pair{"-x", pixels(part.x)}, std::pair{"-y", pixels(part.y)},
                                      std::pair{"-W", pixels(part.width)}, std::pair{"-H", pixels(part.height)}}) {
      command.arguments.insert(command.arguments.end(), {flag, std::to_string(value)});
    }
    command.arguments.push_back((folder_ / "scanned.pdf").string());
    const std::string pgm = RunChild(command, {}).output;
    const std::vector<GrayImage> images = SplitPgm(pgm);
    EXPECT_EQ(images.size(), 1u);
    if (images.empty()) return "";
    const std::string draw =
        fmt::format("\nq {} 0 0 {} {} {} cm /I1 Do Q", part.width, part.height, part.x, 792 - part.y - part.height);
    const std::string font =
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> /XObject << /I1 5 0 R";  // closes the fonts
    return MakePdf({typed + draw}, "", font,
                   {fmt::format("<< /Type /XObject /Subtype /Image /Width {} /Height {} /ColorSpace /DeviceGray "
                                "/BitsPerComponent 8 /Length {} >>\nstream\n{}\nendstream",
                                images[0].width, images[0].height, images[0].pixels.size(), images[0].pixels)});
  }

  Corpus Run(std::string_view pdf, bool ocr = true) {
    WriteFile(folder_ / "in/one.pdf", pdf);
    IngestOptions options;
    options.ocr = ocr;
    return RunIngest(folder_.path(), options);
  }

  TemporaryFolder folder_;
};

const std::vector<std::string> kLetter = {
    "The miller writes that the wheel has stopped", "and that nobody came to look after it before",
    "the first snow had fallen on the village now.", "He asks for two new beams of oak and a rope",
    "of forty yards, to be sent by the carrier."};

const std::string kLetterText =
    "The miller writes that the wheel has stopped and that nobody came to look after it before the first snow had "
    "fallen "
    "on the village now. He asks for two new beams of oak and a rope of forty yards, to be sent by the carrier.";

TEST_F(PdfPictures, AScanUnderATypedHeaderIsAdded) {
  const Corpus corpus = Run(WithScan(
      PdfLines({"Archive of the county of Holm, box 17, folder 3, sheet 2", "Letter of the miller to the bailiff"}) +
          " " + PdfLines({"Catalogued by the reading room"}, 72, 40),
      PdfLines(kLetter, 72, 560, 16), {60, 200, 500, 300}));
  EXPECT_EQ(corpus.Text("one.pdf"),
            "Archive of the county of Holm, box 17, folder 3, sheet 2 Letter of the miller to the bailiff\n\n" +
                kLetterText + "\n\nCatalogued by the reading room\n");
  EXPECT_NE(corpus.Field("one.pdf", "notes").find("1 pages with pictures whose words OCR added: 1"), std::string::npos)
      << corpus.Field("one.pdf", "notes");
  EXPECT_GT(*corpus.documents.at("one.pdf").ocr_confidence, 80);
}

TEST_F(PdfPictures, AScanBesideATextColumnIsAdded) {
  std::vector<std::string> column;
  std::string column_text;
  for (int i = 0; i < 20; ++i) {
    column.push_back(fmt::format("Entry {} of the ledger names the sum of the rent", i + 10));
    column_text += (i > 0 ? " " : "") + column.back();
  }
  const std::vector<std::string> lines = {"Sold to the widow Brandt", "one brown cow with a calf",
                                          "for eleven thaler, paid",  "on Saint Martin's day and",
                                          "witnessed by her brother", "and by the old sexton."};
  const Corpus corpus =
      Run(WithScan(PdfLines(column, 40, 700, 10), PdfLines(lines, 330, 690, 18), {320, 80, 270, 400}));
  const std::string& text = corpus.Text("one.pdf");
  const size_t first = text.find("Entry 10 of the ledger"), last = text.find("Entry 29 of the ledger"),
               scan = text.find(
                   "Sold to the widow Brandt one brown cow with a calf for eleven thaler, paid on Saint "
                   "Martin\u2019s day and witnessed by her brother and by the old sexton.");
  EXPECT_LT(first, last) << text;
  EXPECT_LT(last, scan) << text;
  EXPECT_NE(scan, std::string::npos) << text;
}

// What a scanner's program leaves: the picture of a page, and its words under it, unseen.
TEST_F(PdfPictures, WordsUnderAPictureAreNotReadTwice) {
  const std::string seen = PdfLines(kLetter, 72, 560, 16);
  for (const char* shift : {"0 0", "3 9"}) {
    const Corpus corpus = Run(WithScan(fmt::format("q 1 0 0 1 {} cm 3 Tr {} Q", shift, seen), seen, {0, 0, 612, 792}));
    EXPECT_EQ(corpus.Text("one.pdf"), kLetterText + "\n") << shift;
  }
}

TEST_F(PdfPictures, APictureThatIsNotReadIsNamed) {
  const std::string header = PdfLines({"Archive of the county of Holm, box 17, folder 3, sheet 2"});
  const std::string pdf = WithScan(header, PdfLines(kLetter, 72, 560, 16), {60, 200, 500, 300});
  const Corpus off = Run(pdf, false);
  EXPECT_EQ(off.Text("one.pdf"), "Archive of the county of Holm, box 17, folder 3, sheet 2\n");
  EXPECT_NE(off.Field("one.pdf", "notes").find("1 pages with pictures that were not read because OCR is off: 1"),
            std::string::npos)
      << off.Field("one.pdf", "notes");

  // With all of poppler, and without Tesseract.
  std::filesystem::create_directories(folder_ / "bin");
  for (const char* name : {"pdfinfo", "pdftotext", "pdffonts", "pdfimages", "pdftoppm", "pdftops", "pdfdetach"}) {
    std::filesystem::create_symlink(std::string("/usr/bin/") + name, folder_ / "bin" / name);
  }
  const std::string path = std::getenv("PATH");
  setenv("PATH", (folder_ / "bin").c_str(), 1);
  const Corpus missing = Run(pdf);
  setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(missing.Text("one.pdf"), "Archive of the county of Holm, box 17, folder 3, sheet 2\n");
  EXPECT_NE(missing.Field("one.pdf", "notes").find("apt install tesseract-ocr"), std::string::npos)
      << missing.Field("one.pdf", "notes");
}

TEST_F(PdfPictures, ASmallPictureIsLeft) {
  const Corpus corpus = Run(WithScan(PdfLines({"The seal of the county of Holm, as it was in use"}),
                                     PdfLines({"Sigillum comitis"}, 72, 560, 16), {60, 200, 300, 120}));
  EXPECT_EQ(corpus.Text("one.pdf"), "The seal of the county of Holm, as it was in use\n");
  EXPECT_EQ(corpus.Field("one.pdf", "notes").find("OCR"), std::string::npos);
}

// A font whose map says that each of `shown` is the character of `said` at its place.
std::string Saying(std::u32string_view shown, std::u32string_view said, std::vector<std::string>& extra) {
  std::string map =
      "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
      "1 begincodespacerange <00> <ff> endcodespacerange\n";
  map += fmt::format("{} beginbfchar ", shown.size());
  for (size_t i = 0; i < shown.size(); ++i) {
    map += fmt::format("<{:02x}> <{:04x}> ", static_cast<uint32_t>(shown[i]), static_cast<uint32_t>(said[i]));
  }
  map += "endbfchar endcmap end end";
  extra = {fmt::format("<< /Length {} >>\nstream\n{}\nendstream", map.size(), map)};
  return "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 5 0 R >>";
}

constexpr std::u32string_view kShown = U"abcdefghijklmnopqrstuvwxyzTH";

TEST_F(PdfPictures, NonsenseOnAShortPageIsReadByOcr) {
  const std::vector<std::string> lines = {"The miller opened the heavy door", "He listened to the dark room"};
  for (const std::u32string_view said :
       {U"bcdefghijklmnopqrstuvwxyzaUI", U"!\"#$%&'()*+,-./:;<=>?@[]{}~^",
        U"\u00E0\u00E1\u00E2\u00E3\u00E4\u00E5\u00E6\u00E7\u00E8\u00E9\u00EA\u00EB\u00EC\u00ED\u00EE\u00EF\u00F0\u00F1"
        U"\u00F2\u00F3\u00F4\u00F5\u00F6\u00F8\u00F9\u00FA\u00C0\u00C1",
        U"\uF061\uF062\uF063\uF064\uF065\uF066\uF067\uF068\uF069\uF06A\uF06B\uF06C\uF06D\uF06E\uF06F\uF070\uF071\uF072"
        U"\uF073\uF074\uF075\uF076\uF077\uF078\uF079\uF07A\uF054\uF048"}) {
    std::vector<std::string> extra;
    const std::string font = Saying(kShown, said, extra);
    const std::string pdf = MakePdf({PdfLines(lines, 72, 700, 18)}, "", font, extra);
    EXPECT_EQ(Run(pdf).Text("one.pdf"), "The miller opened the heavy door He listened to the dark room\n");
    std::filesystem::remove_all(folder_ / "out");
    const Corpus off = Run(pdf, false);
    EXPECT_EQ(off.Fate("one.pdf"), "dropped") << off.Text("one.pdf");
    EXPECT_NE(off.Reason("one.pdf").find("its text layer is nonsense ("), std::string::npos) << off.Reason("one.pdf");
  }
}

TEST_F(PdfPictures, NonsensePagesAreLeftOutWithPageAndReason) {
  std::vector<std::string> extra;
  std::string font = Saying(kShown, U"bcdefghijklmnopqrstuvwxyzaUI", extra);
  font.replace(font.find("5 0 R"), 5, "9 0 R");
  font += " /F2 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>";
  std::string good = PdfLines({"A page of good sense stands before it."});
  good.replace(good.find("/F1"), 3, "/F2");
  std::string after = PdfLines({"And one of good sense stands behind it."});
  after.replace(after.find("/F1"), 3, "/F2");
  const Corpus corpus =
      Run(MakePdf({good, PdfLines({"The miller opened the heavy door", "He listened to the dark room"}), after}, "",
                  font, extra),
          false);
  EXPECT_EQ(corpus.Text("one.pdf"),
            "A page of good sense stands before it.\n\nAnd one of good sense stands behind it.\n");
  EXPECT_NE(corpus.Field("one.pdf", "notes")
                .find("1 pages left out, whose text layer is nonsense (letters in an order that no language has): 2"),
            std::string::npos)
      << corpus.Field("one.pdf", "notes");
}

TEST(Garble, LeavesWhatMakesSense) {
  for (const std::string_view text :
       {"Zbigniew Brzezi\u0144ski, Krzysztof Szcz\u0119\u015Bniak",
        "Uebersicht der Rechtsschutzversicherungsgesellschaften", "1.5  2.75  3.1\n4.2  0.5  18.25\n7.0  3.3  0.1",
        "Contents ........ 1\nMills ............ 17\nRopes ........ 23",
        "Tr\u01B0\u1EDBc khi m\u1EB7t tr\u1EDDi m\u1ECDc, ng\u01B0\u1EDDi th\u1EE3 xay \u0111\u00E3 m\u1EDF c\u1EEDa",
        "\u041C\u0435\u043B\u044C\u043D\u0438\u043A \u043E\u0442\u043A\u0440\u044B\u043B "
        "\u0434\u0432\u0435\u0440\u044C",
        "x", "",
        "Yst\u00E4v\u00E4mme y\u00F6ty\u00F6 j\u00E4\u00E4hyv\u00E4n\u00E4 n\u00E4hd\u00E4\u00E4n "
        "t\u00E4\u00E4ll\u00E4"}) {
    EXPECT_EQ(FindGarble(text).sign, "") << text;
  }
  EXPECT_FALSE(FindGarble("HTTP, TLS, DNS, SMTP, LDAP, NTP, SSH, DHCP").certain);
}

}  // namespace
}  // namespace sheepop
