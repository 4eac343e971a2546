// PDF pages however they are turned, and what their lines mean.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/child_process.h"
#include "ingest/readers/direction.h"
#include "ingest/readers/layout.h"
#include "ingest/readers/soft_hyphens.h"
#include "ingest/test_support.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

using testing::Corpus;
using testing::MakePdf;
using testing::PdfLines;
using testing::RunIngest;
using testing::SharedPath;
using testing::TemporaryFolder;
using testing::WriteFile;

class PdfPages : public ::testing::Test {
 protected:
  void Put(std::string_view name, std::string_view bytes) { WriteFile(folder_ / "in" / name, bytes); }
  // Pages that say the same stay.
  Corpus Run() {
    IngestOptions options;
    options.exact_duplicates = options.near_duplicates = options.duplicate_paragraphs = false;
    return RunIngest(folder_.path(), options);
  }
  std::string Text(std::string_view pdf) {
    Put("one.pdf", pdf);
    return Run().Text("one.pdf");
  }
  TemporaryFolder folder_;
};

// Lines with wide leading, so that poppler makes each a block of its own.
std::string Stanza(std::string_view matrix, int x, int y, int down_x, int down_y) {
  const std::vector<std::string> lines = {"First the miller opened the door and listened",
                                          "to the dark room behind the wall, where nobody",
                                          "answered him, although the lamp had gone out", "only an hour ago."};
  std::string content = "BT /F1 13 Tf ";
  for (const std::string& line : lines) {
    content += fmt::format("{} {} {} Tm ({}) Tj\n", matrix, x, y, line);
    x += down_x;
    y += down_y;
  }
  return content + "ET";
}
constexpr const char* kStanza =
    "First the miller opened the door and listened to the dark room behind the wall, where nobody answered him, "
    "although "
    "the lamp had gone out only an hour ago.\n";

TEST_F(PdfPages, LinesComeInOrderHoweverThePageIsTurned) {
  for (const int leading : {15, 22}) {
    for (const char* rotate : {"", "/Rotate 90", "/Rotate 180", "/Rotate 270"}) {
      Put("right.pdf", MakePdf({Stanza("1 0 0 1", 72, 700, 0, -leading)}, rotate));
      Put("up.pdf", MakePdf({Stanza("0 1 -1 0", 90, 72, leading, 0)}, rotate));
      Put("left.pdf", MakePdf({Stanza("-1 0 0 -1", 540, 90, 0, leading)}, rotate));
      Put("down.pdf", MakePdf({Stanza("0 -1 1 0", 522, 720, -leading, 0)}, rotate));
      const Corpus corpus = Run();
      ASSERT_EQ(corpus.documents.size(), 4u);
      for (const auto& [name, document] : corpus.documents)
        EXPECT_EQ(document.text, kStanza) << name << rotate << leading;
    }
  }
}

TEST_F(PdfPages, LinesThatRunAnotherWayFollowThePage) {
  const std::string page =
      PdfLines({"The page itself stands upright, and its lines", "are those of a book."}, 120, 700);
  const std::string left_side =
      "BT /F1 10 Tf 0 1 -1 0 40 200 Tm (Downloaded by the miller) Tj 0 1 -1 0 54 200 Tm (of the harbour) Tj ET";
  EXPECT_EQ(Text(MakePdf({page + "\n" + left_side})),
            "The page itself stands upright, and its lines are those of a book.\n\nDownloaded by the miller of the "
            "harbour\n");
  const std::string head_down =
      "BT /F1 12 Tf -1 0 0 -1 500 80 Tm (The answers stand on their head) Tj -1 0 0 -1 500 96 Tm (below the questions) "
      "Tj ET";
  EXPECT_EQ(Text(MakePdf({page + "\n" + head_down})),
            "The page itself stands upright, and its lines are those of a book.\n\nThe answers stand on their head "
            "below the questions\n");
}

TEST_F(PdfPages, MirroredPagesInTwoColumns) {
  const std::string left = PdfLines({"The left column of the film", "shows its words from behind",
                                     "as the other one does, which", "stands to the right of it."},
                                    72, 700);
  const std::string right =
      PdfLines({"And the right column is the", "one that is read when the", "left one has come to its end."}, 330, 700);
  EXPECT_EQ(Text(MakePdf({"q -1 0 0 1 612 0 cm " + left + " " + right + " Q"})),
            "The left column of the film shows its words from behind as the other one does, which stands to the right "
            "of it.\n\n"
            "And the right column is the one that is read when the left one has come to its end.\n");
}

// A font that says which character each code is: 'A' the first of `characters` and so on.
std::string Mapped(const std::u32string& characters, size_t pages, std::vector<std::string>& extra, bool vertical) {
  std::string map =
      "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
      "1 begincodespacerange ";
  map += vertical ? "<0000> <ffff> endcodespacerange\n" : "<00> <ff> endcodespacerange\n";
  map += fmt::format("{} beginbfchar ", characters.size());
  for (size_t i = 0; i < characters.size(); ++i) {
    map += vertical ? fmt::format("<{:04x}> <{:04x}> ", 'A' + i, static_cast<uint32_t>(characters[i]))
                    : fmt::format("<{:02x}> <{:04x}> ", 'A' + i, static_cast<uint32_t>(characters[i]));
  }
  map += "endbfchar endcmap end end";
  const size_t number = 3 + 2 * pages;
  extra = {fmt::format("<< /Length {} >>\nstream\n{}\nendstream", map.size(), map)};
  if (!vertical) return fmt::format("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode {} 0 R >>", number);
  extra.push_back(
      "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Song /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) "
      "/Supplement 0 >> /DW 1000 >>");
  return fmt::format(
      "<< /Type /Font /Subtype /Type0 /BaseFont /Song /Encoding /Identity-V /DescendantFonts [{} 0 R] /ToUnicode {} 0 "
      "R >>",
      number + 1, number);
}

TEST_F(PdfPages, VerticalJapaneseIsReadFromTheRight) {
  const std::u32string characters = U"吾輩は猫である。名前まだ無い";
  const auto column = [&](std::u32string_view text, int x) {
    std::string codes;
    for (const char32_t c : text) codes += fmt::format("{:04x}", 'A' + characters.find(c));
    return fmt::format("BT /F1 16 Tf 1 0 0 1 {} 700 Tm <{}> Tj ET\n", x, codes);
  };
  std::vector<std::string> extra;
  const std::string font = Mapped(characters, 1, extra, true);
  EXPECT_EQ(Text(MakePdf({column(U"吾輩は猫である。名前は", 520) + column(U"まだ無い。吾輩は猫であ", 494) +
                          column(U"る。", 468)},
                         "", font, extra)),
            "吾輩は猫である。名前はまだ無い。吾輩は猫である。\n");
}

TEST_F(PdfPages, RightToLeftColumnsBeginAtTheRight) {
  // Shown from left to right, as producers write it: each word and line backwards.
  const std::u32string letters = U"אבגדהוזח";
  const auto line = [&](std::u32string_view words) {
    std::string codes;
    for (const char32_t c : words) codes += c == U' ' ? ' ' : static_cast<char>('A' + letters.find(c));
    std::reverse(codes.begin(), codes.end());
    return codes;
  };
  std::vector<std::string> extra;
  const std::string font = Mapped(letters, 1, extra, false);
  const std::string right = PdfLines({line(U"אבג דהו זחא"), line(U"בגד הוז חאב"), line(U"גדה וזח אבג")}, 330, 700, 16);
  const std::string left = PdfLines({line(U"חזו הדג בא"), line(U"זוה דגב אח"), line(U"והד גבא חז")}, 72, 700, 16);
  EXPECT_EQ(Text(MakePdf({left + " " + right}, "", font, extra)),
            "אבג דהו זחא בגד הוז חאב גדה וזח אבג\n\nחזו הדג בא זוה דגב אח והד גבא חז\n");
}

TEST_F(PdfPages, VerseKeepsItsLines) {
  EXPECT_EQ(
      Text(MakePdf(
          {PdfLines({"The sea came in at evening", "And went away by night.", "It took along the morning,",
                     "The harbour", "And the light.", "", "The miller stood and waited", "Until the day was done,",
                     "Then lit the lamp and wondered", "Where all the sea had run."})})),
      "The sea came in at evening\nAnd went away by night.\nIt took along the morning,\nThe harbour\nAnd the light.\n\n"
      "The miller stood and waited\nUntil the day was done,\nThen lit the lamp and wondered\nWhere all the sea had "
      "run.\n");
  EXPECT_EQ(
      Text(MakePdf({PdfLines({"so much depends upon the long and", "red", "wheel", "barrow", "glazed with", "rain"})})),
      "so much depends upon the long and\nred\nwheel\nbarrow\nglazed with\nrain\n");
  // A verse may end with a dash.
  EXPECT_EQ(Text(MakePdf({PdfLines({"You are old, he said,", "And all your hair is white\\227",
                                    "Do you think that at your age", "You should be up all night?"})},
                         "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")),
            "You are old, he said,\nAnd all your hair is white\u2014\nDo you think that at your age\n"
            "You should be up all night?\n");
  // Prose that somebody broke unevenly is prose.
  EXPECT_EQ(
      Text(MakePdf({PdfLines({"The survey collected", "information about old mills and about the", "people who ran",
                              "them for some hundred years."})})),
      "The survey collected information about old mills and about the people who ran them for some hundred years.\n");
}

TEST_F(PdfPages, DashesAtALinesEnd) {
  EXPECT_EQ(Text(MakePdf({PdfLines({"The survey of the years 1998-", "2004 by the mother-in-", "law gave well-",
                                    "known infor-", "mation about all of the price-",
                                    "determining factors and of the temperature at -", "5 degrees, which is cold."})})),
            "The survey of the years 1998-2004 by the mother-in-law gave well-known information about all of the "
            "price-determining factors and of the temperature at - 5 degrees, which is cold.\n");
}

// Why the reader asks for -bbox-layout: what pdftotext does to a page in each of its modes. The default one is held to
// what 22.12 (Debian 12) does; a later one (25.03 in Debian 13) may take the dashes or keep them, and may place the text
// that runs upward elsewhere. The other modes keep every dash, whatever the version.
TEST_F(PdfPages, WhatPdftotextDoes) {
  const auto run = [&](std::vector<std::string> flags, const std::string& pdf) {
    WriteFile(folder_ / "asked.pdf", pdf);
    ChildCommand command;
    command.arguments = {"pdftotext"};
    command.arguments.insert(command.arguments.end(), flags.begin(), flags.end());
    command.arguments.insert(command.arguments.end(), {(folder_ / "asked.pdf").string(), "-"});
    return RunChild(command, {});
  };
  const std::string dashes = MakePdf({PdfLines(
      {"The survey of the years 1998-", "2004 by the mother-in-", "law gave infor-", "mation at -", "5 degrees."})});
  const std::string upward =
      MakePdf({PdfLines({"The first paragraph stands here in the", "middle of the page and is read first."}, 100, 700) +
               " " + PdfLines({"The second paragraph stands below it", "and is read after the first."}, 100, 400) +
               " BT /F1 12 Tf 0 1 -1 0 40 300 Tm (Upward words in the margin) Tj ET"});
  const ChildResult plain = run({}, dashes);
  if (plain.outcome == ChildOutcome::kMissing) GTEST_SKIP() << "pdftotext is not installed";
  if (run({"-v"}, dashes).errors.find("version 22.12") != std::string::npos) {
    EXPECT_EQ(plain.output,
              "The survey of the years 19982004 by the mother-inlaw gave information at 5 degrees.\n\n\f");
    EXPECT_LT(run({}, upward).output.find("Upward"), run({}, upward).output.find("The first"));
  }
  for (const char* mode : {"-bbox-layout", "-bbox", "-tsv", "-layout"}) {
    const std::string kept = run({mode}, dashes).output;
    for (const char* words : {"1998-", "mother-in-", "infor-"}) {
      EXPECT_NE(kept.find(words), std::string::npos) << mode << "\n" << kept;
    }
  }
  EXPECT_EQ(Text(dashes), "The survey of the years 1998-2004 by the mother-in-law gave information at - 5 degrees.\n");
  EXPECT_EQ(
      Text(upward),
      "The first paragraph stands here in the middle of the page and is read first.\n\nThe second paragraph stands "
      "below it and is read after the first.\n\nUpward words in the margin\n");
}

// In WinAnsiEncoding the code 0xAD draws a hyphen, and stands for a soft one.
TEST_F(PdfPages, SoftHyphensThatAFontDrawsGo) {
  const std::string font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";
  EXPECT_EQ(Text(MakePdf({PdfLines({"Ein Index\\255fonds bildet einen Wert\\255papier\\255index nach, und die Auf\\255",
                                    "gabe der Baden-w\\374rttemberger bleibt."})},
                         "", font)),
            "Ein Indexfonds bildet einen Wertpapierindex nach, und die Aufgabe der Baden-w\u00FCrttemberger bleibt.\n");
  EXPECT_EQ(Text(MakePdf({PdfLines({"Ein Make-up und das Know-how."})}, "", font)), "Ein Make-up und das Know-how.\n");
}

TEST(SoftHyphens, AreFoundInTheStringsOfPostScript) {
  EXPECT_EQ(
      FindSoftHyphens("(Ein Index\\255fonds)\n[3 0] Tj\n[1 0 0 1 72 7] Tm (Lang\\255)[1 0] Tj [1 0] Tm (\\)\\255 x)"),
      (SoftHyphens{"Index\u00ADfonds", "Lang\u00AD"}));
  EXPECT_EQ(FindSoftHyphens("(In\\255) [1 0] Tj -20 TJm (dex) [1 0] Tj"), SoftHyphens{"In\u00ADdex"});
  EXPECT_TRUE(HasWinAnsiFonts("Helvetica    Type 1    WinAnsi     no  no  no     3  0\n"));
  EXPECT_FALSE(
      HasWinAnsiFonts("A WinAnsi x  Type 1    WinAnsi     no  no  yes     3  0\nB  Type 1  Custom  no no no 4 0\n"));
}

TEST_F(PdfPages, ValuesOfFormFieldsAreTaken) {
  const auto field = [](std::string_view type, std::string_view name, std::string_view value, int y) {
    return fmt::format(
        "<< /Type /Annot /Subtype /Widget {} /T ({}) /V ({}) /Rect [200 {} 460 {}] /F 4 /DA (/F1 12 Tf 0 g) >>", type,
        name, value, y - 4, y + 14);
  };
  // Each answer stands beside its question, drawn by poppler alone.
  const std::string questions = PdfLines({"Name of the tenant"}, 72, 700) + " " +
                                PdfLines({"Place of the mill"}, 72, 600) + " " + PdfLines({"Rent"}, 72, 500);
  for (const char* appearances : {"", "/NeedAppearances true"}) {
    EXPECT_EQ(Text(MakePdf({questions}, "/Annots [5 0 R 6 0 R 7 0 R]", "",
                           {field("/FT /Tx", "tenant", "Johanna Weber", 700),
                            field("/FT /Ch /Ff 131072 /Opt [(Bremen) (Holm)]", "place", "Holm", 600),
                            field("/FT /Tx", "rent", "eleven thaler", 500)},
                           fmt::format("/AcroForm << /Fields [5 0 R 6 0 R 7 0 R] {} /DR << /Font << /F1 << /Type /Font "
                                       "/Subtype /Type1 /BaseFont /Helvetica >> >> >> /DA (/F1 12 Tf 0 g) >>",
                                       appearances))),
              "Name of the tenant\tJohanna Weber\nPlace of the mill\tHolm\nRent\televen thaler\n");
  }
}

TEST_F(PdfPages, TablesOfTwoColumnsAreReadRowByRow) {
  const std::vector<std::string> crops = {"Rye", "Barley and oats", "Hops", "Flax"};
  const auto table = [&](const std::vector<std::string>& right, int size) {
    return PdfLines({"What the mill ground in the year before the fire, in sacks of one weight."}, 72, 720) + " " +
           PdfLines(crops, 72, 660, size) + " " + PdfLines(right, 260, 660, size);
  };
  EXPECT_EQ(Text(MakePdf({table({"1,204", "880", "41.5", "17"}, 12)})),
            "What the mill ground in the year before the fire, in sacks of one weight.\n\nRye\t1,204\nBarley and "
            "oats\t880\nHops\t41.5\nFlax\t17\n");
  EXPECT_EQ(Text(MakePdf({PdfLines({"Owner:", "Built in:", "Wheels:"}) + " " +
                          PdfLines({"the widow Brandt", "spring of 1790", "two, of oak"}, 200)})),
            "Owner:\tthe widow Brandt\nBuilt in:\tspring of 1790\nWheels:\ttwo, of oak\n");
  // Two columns of a list are read one after the other.
  EXPECT_EQ(Text(MakePdf({table({"Ropes of hemp", "Nails", "Oak beams", "Tallow"}, 12)})),
            "What the mill ground in the year before the fire, in sacks of one weight.\n\nRye\nBarley and oats\nHops\n"
            "Flax\n\nRopes of hemp\nNails\nOak beams\nTallow\n");
}

TEST_F(PdfPages, MarkdownKeepsWhatBlocksAre) {
  const std::string font =
      "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >> /F2 << /Type /Font /Subtype "
      "/Type1 /BaseFont /Courier >>";
  std::string code = PdfLines({"int turn(int wheel) {", "  return wheel + 1;", "}"}, 72, 470, 10);
  code.replace(code.find("/F1"), 3, "/F2");
  const std::string mark =
      "BT /F1 11 Tf 72 600 Td (The wheel turns when the sluice is opened) Tj /F1 7 Tf 5 Ts (3) Tj 0 Ts "
      "/F1 11 Tf ( and the water runs.) Tj ET";
  const std::string page =
      PdfLines({"The Mill and its Wheels"}, 72, 740, 24) + " " + PdfLines({"How they are turned"}, 72, 680, 16) + " " +
      PdfLines({"A mill has one wheel or two, and each of them turns a stone that lies on",
                "another one, which does not move at all."},
               72, 650, 11) +
      " " + mark + " " +
      PdfLines({"\\225 open the sluice", "\\225 wait for the wheel", "\\225 pour the grain"}, 72, 560, 11) + " " +
      code + " " + PdfLines({"Crop", "Rye", "Hops"}, 72, 380, 11) + " " +
      PdfLines({"Sacks", "1,204", "41"}, 220, 380, 11) + " " + PdfLines({"Price", "3.5", "12"}, 320, 380, 11) + " " +
      PdfLines({"3 It is opened in spring, when the snow is gone."}, 72, 80, 8);
  const std::string pdf = MakePdf({page}, "", font);
  WriteFile(folder_ / "in/one.pdf", pdf);
  IngestOptions options;
  options.markdown = true;
  EXPECT_EQ(
      RunIngest(folder_.path(), options).Text("one.pdf"),
      "# The Mill and its Wheels\n\n## How they are turned\n\nA mill has one wheel or two, and each of them turns a "
      "stone that lies on another one, which does not move at all.\n\nThe wheel turns when the sluice is opened[^3] "
      "and the water runs.\n\n- open the sluice\n- wait for the wheel\n- pour the grain\n\n    int turn(int wheel) "
      "{\n      return wheel + 1;\n    }\n\n| Crop | Sacks | Price |\n| --- | --- | --- |\n| Rye | 1,204 | 3.5 |\n| "
      "Hops | 41 | 12 |\n\n[^3]: It is opened in spring, when the snow is gone.\n");
  const std::string plain = Text(pdf);
  EXPECT_NE(plain.find("Crop\tSacks\tPrice\nRye\t1,204\t3.5\n"), std::string::npos) << plain;
  for (const char* mark_up : {"#", "[^", "---", "    int"}) EXPECT_EQ(plain.find(mark_up), std::string::npos) << plain;
}

TEST_F(PdfPages, MarkdownOfATypewrittenPageIsNoCode) {
  const std::string page = PdfLines({"The inspector writes that the wheel has stopped, and that the",
                                     "dam has to be raised before the winter comes to the valley."},
                                    72, 700, 10) +
                           " " + PdfLines({"1. Raise the dam", "2. Mend the wheel"}, 72, 600, 10);
  WriteFile(folder_ / "in/one.pdf", MakePdf({page}, "", "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>"));
  IngestOptions options;
  options.markdown = true;
  EXPECT_EQ(
      RunIngest(folder_.path(), options).Text("one.pdf"),
      "The inspector writes that the wheel has stopped, and that the dam has to be raised before the winter comes to "
      "the valley.\n\n1. Raise the dam\n2. Mend the wheel\n");
}

TEST_F(PdfPages, AttachmentsAndXfaFormsAreNamed) {
  const auto stream = [](std::string_view type, std::string_view bytes) {
    return fmt::format("<< {} /Length {} >>\nstream\n{}\nendstream", type, bytes.size(), bytes);
  };
  const auto attached = [](std::string_view name) {
    return fmt::format("<< /Type /Filespec /F ({0}) /UF ({0}) /EF << /F 5 0 R >> >>", name);
  };
  Put("attached.pdf",
      MakePdf({PdfLines({"The rents are in the sheet that is attached."})}, "", "",
              {stream("/Type /EmbeddedFile", "10,11,12"), attached("rents 1790.csv"), attached("plan.dwg")},
              "/Names << /EmbeddedFiles << /Names [(a) 6 0 R (b) 7 0 R] >> >>"));
  Put("xfa.pdf", MakePdf({PdfLines({"Please wait until the form is shown."})}, "", "",
                         {stream("", "<template xmlns=\"http://www.xfa.org/schema/xfa-template/3.3/\"/>")},
                         "/AcroForm << /Fields [] /XFA 5 0 R >>"));
  const Corpus corpus = Run();
  const std::string attachments = corpus.Field("attached.pdf", "notes"), form = corpus.Field("xfa.pdf", "notes");
  EXPECT_NE(attachments.find("2 attachments not read"), std::string::npos) << attachments;
  EXPECT_NE(attachments.find("rents 1790.csv"), std::string::npos) << attachments;
  EXPECT_NE(attachments.find("plan.dwg"), std::string::npos) << attachments;
  EXPECT_EQ(attachments.find("XFA"), std::string::npos) << attachments;
  EXPECT_NE(form.find("an XFA form"), std::string::npos) << form;
  EXPECT_EQ(form.find("attachments"), std::string::npos) << form;
}

TEST_F(PdfPages, TheReportedDocuments) {
  if (!std::filesystem::exists(SharedPath("conformance/reports/rotations.pdf")))
    GTEST_SKIP() << "the reports are not there";
  IngestOptions options;
  options.inputs = {SharedPath("conformance/reports/rotations.pdf"), SharedPath("conformance/reports/hyphens.pdf")};
  options.clean.page_furniture = false;
  const Corpus corpus = RunIngest(folder_.path(), options);
  const auto text = [&](const char* name) {
    return corpus.Text(SharedPath(std::string("conformance/reports/") + name).string());
  };
  const std::string turned = text("rotations.pdf"), hyphens = text("hyphens.pdf");
  size_t at = 0;
  for (const char* page : {"one", "two", "three", "four", "five", "six"}) {
    for (const std::string& line : {fmt::format("Rotation sample page {}, first line of four.", page),
                                    std::string("The miller opened the heavy door and listened."),
                                    std::string("Nobody answered from the dark room behind it."),
                                    std::string("Last line: the lamp had gone out an hour ago.")}) {
      const size_t found = turned.find(line, at);
      ASSERT_NE(found, std::string::npos) << page << ": " << line << "\n" << turned;
      EXPECT_LE(found, at + 2) << "something stands between";
      at = found + line.size();
    }
  }
  for (const char* words :
       {"collected information about", "price-determining factors of the years 1998-2004, said", "the mother-in-law of",
        "Every price-determining factor",
        "Ein Indexfonds bildet einen Wertpapierindex nach; die Langfristigkeit der Aufgabe bleibt."}) {
    EXPECT_NE(hyphens.find(words), std::string::npos) << words << "\n" << hyphens;
  }
}

}  // namespace
}  // namespace sheepop
