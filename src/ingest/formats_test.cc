// Each format by itself, made on the spot.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/child_process.h"
#include "base/error.h"
#include "ingest/encoding.h"
#include "ingest/language.h"
#include "ingest/readers/html.h"
#include "ingest/readers/jpeg_page.h"
#include "ingest/readers/page_tables.h"
#include "ingest/readers/page_text.h"
#include "ingest/sniff.h"
#include "ingest/test_support.h"

namespace sheepop {
namespace {

using testing::Corpus;
using testing::MakeArchive;
using testing::MakePdf;
using testing::Packing;
using testing::PdfLines;
using testing::RunIngest;
using testing::TemporaryFolder;
using testing::WriteFile;
using std::string_view_literals::operator""sv;

TEST(Sniff, ContentDecidesOverTheName) {
  EXPECT_EQ(SniffBytes("<!DOCTYPE html><p>x", "", "a.txt").kind, DocumentKind::kHtml);
  EXPECT_EQ(SniffBytes("%PDF-1.4\n", "", "a.html").kind, DocumentKind::kPdf);
  EXPECT_EQ(SniffBytes("\x89PNG\r\n\x1a\n\0\0\0"sv, "", "a.txt").kind, DocumentKind::kImage);
  EXPECT_EQ(SniffBytes("{\"a\": 1}\n{\"a\": 2}\n", "", "a").kind, DocumentKind::kJsonl);
  EXPECT_EQ(SniffBytes("\\documentclass{article}\n", "", "a.txt").kind, DocumentKind::kLatex);
  EXPECT_EQ(SniffBytes("\x7F"
                       "ELF\0\0"sv,
                       "", "a.txt")
                .kind,
            DocumentKind::kUnsupported);
}

TEST(Sniff, ShortMarksMayBeginAText) {
  EXPECT_EQ(SniffBytes("ID3 tags are described here.\n", "", "a.txt").kind, DocumentKind::kText);
  EXPECT_EQ(SniffBytes("The mark %PDF-1.4 begins a PDF.\n", "", "a.txt").kind, DocumentKind::kText);
}

TEST(Sniff, LanguagesOfCode) {
  EXPECT_EQ(SniffBytes("x = 1\n", "", "a.py").programming_language, "python");
  EXPECT_EQ(SniffBytes("#!/usr/bin/env python3\nx = 1\n", "", "tool").programming_language, "python");
  EXPECT_EQ(SniffBytes("all:\n\tcc\n", "", "Makefile").programming_language, "make");
  EXPECT_EQ(SniffBytes("html = '<html>'\n", "", "page.py").kind, DocumentKind::kCode);
}

TEST(Encoding, ValidUtf8IsNeverOverruled) {
  const std::string text =
      "Gru\xC3\xBC\xC3\x9F"
      "e aus Z\xC3\xBCrich";
  EXPECT_EQ(ToUtf8(text, "ISO-8859-1").text, text);
  EXPECT_EQ(ToUtf8("\xC3\xA9").text, "\xC3\xA9");
}

TEST(Encoding, OthersAreFound) {
  EXPECT_EQ(ToUtf8("Gr\xFC\xDF"
                   "e aus Z\xFCrich, sagte \x84sie\x93.")
                .text,
            "Gr\xC3\xBC\xC3\x9F"
            "e aus Z\xC3\xBCrich, sagte \xE2\x80\x9Esie\xE2\x80\x9C.");
  EXPECT_EQ(ToUtf8("\xFF\xFEh\0i\0"sv).text, "hi");
  EXPECT_EQ(ToUtf8("\0h\0e\0l\0l\0o\0 \0y\0o\0u\0!\0!"sv).text, "hello you!!");
  // KOI8-R, "Привет, как дела? Это просто обычный русский текст"
  const std::string koi8 =
      "\xF0\xD2\xC9\xD7\xC5\xD4, \xCB\xC1\xCB \xC4\xC5\xCC\xC1? \xFC\xD4\xCF \xD0\xD2\xCF\xD3\xD4\xCF "
      "\xCF\xC2\xD9\xDE\xCE\xD9\xCA \xD2\xD5\xD3\xD3\xCB\xC9\xCA \xD4\xC5\xCB\xD3\xD4";
  EXPECT_EQ(ToUtf8(koi8).text.substr(0, 12), "\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82");
}

TEST(Encoding, BrokenBytesAreCounted) {
  const DecodedText decoded = ToUtf8(
      "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
      "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9 \xFF");
  EXPECT_EQ(decoded.encoding, "UTF-8");
  EXPECT_EQ(decoded.replaced, 1u);
  EXPECT_TRUE(decoded.text.ends_with("\xEF\xBF\xBD"));
}

TEST(Language, CommonWordsAndScripts) {
  EXPECT_EQ(GuessLanguage("It was the best of times, it was the worst of times.").language, "en");
  EXPECT_EQ(GuessLanguage("Es war einmal ein König, der hatte eine Tochter, und die war sehr schön.").language, "de");
  EXPECT_EQ(GuessLanguage("Il était une fois une petite fille qui vivait dans un village avec sa mère.").language,
            "fr");
  EXPECT_EQ(GuessLanguage("これは日本語の文章です。").language, "ja");
  EXPECT_EQ(GuessLanguage("Wklv lv qrw d odqjxdjh wkdw dqbrqh zrxog vshdn dw krph").language, "");
}

TEST(Html, MainTextWithoutNavigation) {
  std::string page =
      "<html><head><title>T</title><script>var x = '<p>no</p>';</script></head><body><nav><a href=x>Home</a></nav>";
  page += "<div class='sidebar'>Buy things</div><h1>Head</h1><p>One <b>two</b>\n three.</p><ul><li>a<li>b</ul>";
  for (int i = 0; i < 20; ++i) page += "<p>A sentence that makes the page long enough to be one.</p>";
  page += "<footer>Imprint</footer></body></html>";
  const HtmlText html = HtmlToText(page, HtmlPart::kMain);
  EXPECT_EQ(html.title, "T");
  EXPECT_TRUE(html.text.starts_with("Head\n\nOne two three.\n\n- a\n- b\n\nA sentence")) << html.text;
  EXPECT_EQ(html.text.find("Home"), std::string::npos);
  EXPECT_EQ(html.text.find("Buy"), std::string::npos);
  EXPECT_EQ(html.text.find("Imprint"), std::string::npos);
  EXPECT_GT(html.navigation_characters, 15u);
}

TEST(Html, TablesBreaksAndPreformattedText) {
  const HtmlText html = HtmlToText(
      "<table><tr><td>a</td><td>b</td></tr><tr><td>c<td>d</table>x<br>y<pre>  p\n    q</pre>", HtmlPart::kWhole);
  EXPECT_EQ(html.text, "a\tb\nc\td\n\nx\ny\n\n  p\n    q\n");
  EXPECT_EQ(HtmlToText("<table><tr><td><p>a</p><p>b</p></td><td><p>c</p></td></tr></table>", HtmlPart::kWhole).text,
            "a b\tc\n");
}

// pandoc 3 writes the notes of a book so; older ones put an arrow behind the note.
TEST(Html, TheNumberOfANoteThatLeadsBackToItsMark) {
  const std::string mark = "<p>Text.<a id=\"m\" href=\"#n\" class=\"footnote-ref\">1</a></p>";
  const std::string numbered =
      mark + "<aside id=\"n\"><p><a href=\"#m\" class=\"footnote-back\">1</a>. The note.</p></aside>";
  EXPECT_EQ(HtmlToText(numbered, HtmlPart::kWhole).text, "Text.[1]\n\n1. The note.\n");
  EXPECT_EQ(HtmlToText(numbered, HtmlPart::kWhole, HtmlStyle::kMarkdown).text, "Text.[^1]\n\n[^1]: The note.\n");
  const std::string arrow =
      mark + "<aside id=\"n\"><p>The note.<a href=\"#m\" class=\"footnote-back\">\u21a9</a></p></aside>";
  EXPECT_EQ(HtmlToText(arrow, HtmlPart::kWhole).text, "Text.[1]\n\nThe note.\n");
  EXPECT_EQ(HtmlToText(arrow, HtmlPart::kWhole, HtmlStyle::kMarkdown).text, "Text.[^1]\n\n[^1]: The note.\n");
}

TEST(Html, NestedThousandsDeep) {
  std::string page;
  for (int i = 0; i < 5000; ++i) page += "<div>";
  page += "deep";
  EXPECT_EQ(HtmlToText(page, HtmlPart::kMain).text, "deep\n");
  std::string deeper;
  for (int i = 0; i < 100'000; ++i) deeper += "<div>";
  EXPECT_THROW(HtmlToText(deeper, HtmlPart::kMain), Error);
}

LayoutBlock BlockOf(float x0, float y0, float x1, std::vector<std::string> lines, float pitch = 14) {
  LayoutBlock block{{x0, y0, x1, y0}, {}};
  for (size_t i = 0; i < lines.size(); ++i) {
    const float y = y0 + pitch * static_cast<float>(i);
    LayoutLine line{{x0, y, x1, y + 12}, {{{x0, y, x0 + 30, y + 12}, lines[i]}}};
    block.box.Include(line.box);
    block.lines.push_back(line);
  }
  return block;
}

TEST(Layout, ColumnsAreReadOneAfterTheOther) {
  LayoutPage page;
  page.blocks = {BlockOf(310, 100, 540, {"r1", "r2", "r3"}), BlockOf(72, 100, 300, {"l1", "l2", "l3", "l4"}),
                 BlockOf(200, 50, 420, {"title"}), BlockOf(303, 700, 308, {"7"})};
  SortForReading(page);
  std::vector<std::string> order;
  for (const LayoutBlock& block : page.blocks) order.push_back(block.lines.front().words.front().text);
  EXPECT_EQ(order, (std::vector<std::string>{"title", "l1", "r1", "7"}));
}

TEST(Layout, HeadingAcrossColumnsDividesThem) {
  LayoutPage page;
  page.blocks = {BlockOf(72, 100, 300, {"a", "a", "a"}), BlockOf(310, 100, 540, {"b", "b", "b"}),
                 BlockOf(72, 300, 540, {"head", "head", "head"}), BlockOf(72, 400, 300, {"c", "c", "c"}),
                 BlockOf(310, 400, 540, {"d", "d", "d"})};
  std::reverse(page.blocks.begin(), page.blocks.end());
  SortForReading(page);
  std::string order;
  for (const LayoutBlock& block : page.blocks) order += block.lines.front().words.front().text + " ";
  EXPECT_EQ(order, "a b head c d ");
}

TEST(Layout, RightToLeftWordsComeInReadingOrder) {
  // Poppler gives glyphs from left to right: the Hebrew "shalom olam 12" is stored turned around.
  const std::string xml =
      "<page width=\"100\" height=\"100\"><block xMin=\"0\" yMin=\"0\" xMax=\"90\" yMax=\"10\">"
      "<line xMin=\"0\" yMin=\"0\" xMax=\"90\" yMax=\"10\">"
      "<word xMin=\"0\" yMin=\"0\" xMax=\"10\" yMax=\"10\">12</word>"
      "<word xMin=\"20\" yMin=\"0\" xMax=\"40\" yMax=\"10\">\u05DD\u05DC\u05D5\u05E2</word>"
      "<word xMin=\"50\" yMin=\"0\" xMax=\"90\" yMax=\"10\">\u05DD\u05D5\u05DC\u05E9</word></line></block></page>";
  const std::vector<LayoutPage> pages = ParsePopplerLayout(xml);
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_EQ(RenderPage(pages[0]).text, "\u05E9\u05DC\u05D5\u05DD \u05E2\u05D5\u05DC\u05DD 12");
}

TEST(Jpeg, HeadersAndOrientation) {
  const std::string exif("Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0", 28);
  std::string jpeg("\xFF\xD8\xFF\xE1\0", 5);
  jpeg += static_cast<char>(exif.size() + 2);
  jpeg += exif;
  const std::string head = jpeg;
  jpeg += std::string("\xFF\xC0\0\x11\x08\0\x10\0\x20\x03", 10) + std::string(9, '\0');
  const auto info = ReadJpegInfo(jpeg);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->orientation, 6);
  EXPECT_EQ(info->width, 32);
  EXPECT_EQ(info->height, 16);
  EXPECT_FALSE(ReadJpegInfo(head));
}

class Formats : public ::testing::Test {
 protected:
  void Put(std::string_view name, std::string_view bytes) { WriteFile(folder_ / "in" / name, bytes); }
  Corpus Run(IngestOptions options = {}) { return RunIngest(folder_.path(), std::move(options)); }
  TemporaryFolder folder_;
};

TEST_F(Formats, TextMarkdownAndCode) {
  Put("a.txt", "One line.\r\nTwo lines.\r\n");
  Put("b.md", "# Head\n\n* item\n");
  Put("c.py", "def f():\n    return '\xC3\xA9'  \n\n\n\n");
  Put("d.txt", "");
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("a.txt"), "One line.\nTwo lines.\n");
  EXPECT_EQ(corpus.Text("b.md"), "# Head\n\n* item\n");
  EXPECT_EQ(corpus.Text("c.py"), "def f():\n    return '\xC3\xA9'  \n\n\n\n");
  EXPECT_EQ(corpus.documents.at("c.py").programming_language, "python");
  EXPECT_EQ(corpus.Fate("d.txt"), "dropped");
  EXPECT_EQ(corpus.Reason("d.txt"), "empty");
}

TEST_F(Formats, LongTextsBecomeParts) {
  std::string text;
  while (text.size() < 300'000) text += fmt::format("Paragraph {} of a long text.\n\n", text.size());
  Put("long.txt", text);
  IngestOptions options;
  options.part_bytes = 64 << 10;
  const Corpus corpus = Run(options);
  std::string joined;
  for (size_t i = 1; corpus.documents.contains(fmt::format("long.txt#part-{}", i)); ++i) {
    joined += corpus.Text(fmt::format("long.txt#part-{}", i));
  }
  EXPECT_EQ(joined, text);
  EXPECT_EQ(corpus.Field("long.txt", "records"), std::to_string(corpus.documents.size()));
}

TEST_F(Formats, JsonlLosesOnlyItsBadLines) {
  Put("a.jsonl",
      "{\"text\": \"first one\"}\n{\"text\": broken\n\n{\"other\": 1}\n{\"text\": \"last <|endoftext|> \\u00e9\"}\n");
  Put("b.jsonl", "{\"body\": \"x\"}\n{\"body\": \"y\"}\n");
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("a.jsonl#1"), "first one");
  EXPECT_EQ(corpus.Text("a.jsonl#5"), "last <|endoftext|> \xC3\xA9");
  EXPECT_EQ(corpus.Field("a.jsonl", "failed"), "2");
  EXPECT_EQ(corpus.Field("a.jsonl", "taken"), "2");
  EXPECT_EQ(corpus.Fate("b.jsonl"), "failed");
  EXPECT_NE(corpus.Reason("b.jsonl").find("body"), std::string::npos);
  EXPECT_EQ(corpus.report.suspicious_counts.at("marker_strings"), 1u);
}

TEST_F(Formats, CsvFieldsHoldNewlinesAndQuotes) {
  Put("a.csv", "id;text\r\n1;\"two\r\nlines and a \"\"word\"\"\"\r\n2;plain, with a comma\r\n3\r\n");
  Put("open.csv", "id,text\n1,\"never closed\n2,x\n");
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("a.csv#2"), "two\nlines and a \"word\"");
  EXPECT_EQ(corpus.Text("a.csv#4"), "plain, with a comma");
  EXPECT_EQ(corpus.Field("a.csv", "failed"), "1");
  EXPECT_NE(corpus.Reason("open.csv").find("never closed"), std::string::npos);
}

TEST_F(Formats, Notebook) {
  Put("n.ipynb", R"json({"nbformat": 4, "metadata": {"kernelspec": {"language": "python"}}, "cells": [
      {"cell_type": "markdown", "source": ["# Title\n", "words"]},
      {"cell_type": "code", "source": "print('```')", "outputs": [{"text": "```"}]}]})json");
  EXPECT_EQ(Run().Text("n.ipynb"), "# Title\nwords\n\n````python\nprint('```')\n````\n");
}

TEST_F(Formats, ArchivesInArchives) {
  const std::string inner =
      MakeArchive(Packing::kTarGz, {{"deep.txt", "inside both"}, {"../../climbs.txt", "stays a name"}});
  const std::string zip = MakeArchive(Packing::kZip, {{"notes/a.txt", "in the zip"}, {"inner.tar.gz", inner}});
  Put("z.zip", zip);
  Put("t.tar.zst", MakeArchive(Packing::kTarZst, {{"b.py", "x = 1\n"}}));
  Put("zz-cut.zip", zip.substr(0, zip.size() / 3));
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("z.zip!notes/a.txt"), "in the zip");
  EXPECT_EQ(corpus.Text("z.zip!inner.tar.gz!deep.txt"), "inside both");
  EXPECT_EQ(corpus.Text("z.zip!inner.tar.gz!../../climbs.txt"), "stays a name");
  EXPECT_EQ(corpus.documents.at("t.tar.zst!b.py").programming_language, "python");
  EXPECT_EQ(corpus.Fate("zz-cut.zip"), "failed") << corpus.Field("zz-cut.zip", "kind");
}

TEST_F(Formats, CompressionBomb) {
  Put("bomb.tar.gz", MakeArchive(Packing::kTarGz, {{"zeros.txt", std::string(200 << 20, '\0')}}));
  Put("fine.txt", "after the bomb");
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Fate("bomb.tar.gz"), "failed");
  EXPECT_NE(corpus.Reason("bomb.tar.gz").find("bomb"), std::string::npos);
  EXPECT_EQ(corpus.Text("fine.txt"), "after the bomb");
}

TEST_F(Formats, PdfTextLayerAndBlankPages) {
  Put("two.pdf", MakePdf({PdfLines({"This is the first page of the document,",
                                    "and its second line goes on with the sen-", "tence of it."}),
                          PdfLines({"It ends here."})}));
  Put("blank.pdf", MakePdf({"", ""}));
  Put("broken.pdf", "%PDF-1.4\nnothing else");
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("two.pdf"),
            "This is the first page of the document, and its second line goes on with the sentence of it.\n\nIt ends "
            "here.\n");
  EXPECT_EQ(corpus.documents.at("two.pdf").pages, 2u);
  EXPECT_EQ(corpus.Fate("blank.pdf"), "dropped");
  EXPECT_NE(corpus.Reason("blank.pdf").find("blank"), std::string::npos);
  EXPECT_EQ(corpus.Fate("broken.pdf"), "failed");
}

// Helvetica's A to D are shown from left to right and stand for the letters of "shalom", which is read from the right.
TEST_F(Formats, RightToLeftPdf) {
  const std::string map =
      "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
      "1 begincodespacerange <00> <ff> endcodespacerange\n"
      "4 beginbfchar <41> <05DD> <42> <05D5> <43> <05DC> <44> <05E9> endbfchar endcmap end end";
  Put("shalom.pdf", MakePdf({PdfLines({"CD ABCD 17 ABCD"}, 72, 700, 24)}, "",
                            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 5 0 R >>",
                            {fmt::format("<< /Length {} >>\nstream\n{}\nendstream", map.size(), map)}));
  EXPECT_EQ(Run().Text("shalom.pdf"), "\u05E9\u05DC\u05D5\u05DD 17 \u05E9\u05DC\u05D5\u05DD \u05E9\u05DC\n");
}

TEST_F(Formats, TurnedPdfPages) {
  Put("turned.pdf",
      MakePdf({PdfLines({"The page lies on its side, and its words", "are read all the same."})}, "/Rotate 90"));
  EXPECT_EQ(Run().Text("turned.pdf"), "The page lies on its side, and its words are read all the same.\n");
}

TEST_F(Formats, OfficeAndBooks) {
  const std::string markdown =
      "# A heading\n\nWords with a note.[^1] And *more* of **them**.\n\n| a | b |\n|---|---|\n| c | d |\n\n"
      "[^1]: The note itself.\n";
  WriteFile(folder_ / "source.md", markdown);
  std::filesystem::create_directories(folder_ / "in");
  for (const char* format : {"docx", "odt", "epub", "rtf"}) {
    ChildCommand command;
    command.arguments = {"pandoc",
                         "-s",
                         "--metadata",
                         "title=T",
                         (folder_ / "source.md").string(),
                         "-o",
                         (folder_ / "in" / (std::string("a.") + format)).string()};
    if (RunChild(command, {}).outcome == ChildOutcome::kMissing) GTEST_SKIP() << "pandoc is not installed";
  }
  Put("a.tex", "\\documentclass{article}\\begin{document}Energy is $E = mc^2$ here.\\end{document}\n");
  IngestOptions options;
  options.near_duplicates = options.exact_duplicates = options.duplicate_paragraphs = false;
  const Corpus corpus = Run(options);
  for (const char* name : {"a.docx", "a.odt", "a.epub", "a.rtf"}) {
    const std::string& text = corpus.Text(name);
    for (const char* words :
         {"A heading", "Words with a note.[1] And more of them.", "The note itself.", "a\tb\nc\td\n"}) {
      EXPECT_NE(text.find(words), std::string::npos) << name << ": " << text;
    }
  }
  EXPECT_NE(corpus.Text("a.tex").find("E = mc^2"), std::string::npos) << corpus.Text("a.tex");
}

TEST_F(Formats, TextBoxesOfWordDocuments) {
  const std::string body =
      "<?xml version=\"1.0\"?><w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" "
      "xmlns:mc=\"http://schemas.openxmlformats.org/markup-compatibility/2006\" xmlns:wps=\"urn:w\"><w:body>"
      "<w:p><w:r><w:t>The body.</w:t></w:r></w:p><w:p><w:r><mc:AlternateContent><mc:Choice "
      "Requires=\"wps\"><w:drawing><wps:txbx>"
      "<w:txbxContent><w:p><w:r><w:t>In a "
      "box.</w:t></w:r></w:p></w:txbxContent></wps:txbx></w:drawing></mc:Choice><mc:Fallback>"
      "<w:pict><w:txbxContent><w:p><w:r><w:t>In a box.</w:t></w:r></w:p></w:txbxContent></w:pict></mc:Fallback>"
      "</mc:AlternateContent></w:r></w:p></w:body></w:document>";
  const std::string types =
      "<?xml version=\"1.0\"?><Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">"
      "<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
      "<Override PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-officedocument."
      "wordprocessingml.document.main+xml\"/></Types>";
  const std::string relations =
      "<?xml version=\"1.0\"?><Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">"
      "<Relationship Id=\"r1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
      "officeDocument\" Target=\"word/document.xml\"/></Relationships>";
  Put("box.docx",
      MakeArchive(Packing::kZip,
                  {{"[Content_Types].xml", types}, {"_rels/.rels", relations}, {"word/document.xml", body}}));
  const Corpus corpus = Run();
  if (corpus.Reason("box.docx").find("not installed") != std::string::npos) GTEST_SKIP() << corpus.Reason("box.docx");
  const std::string& text = corpus.Text("box.docx");
  EXPECT_NE(text.find("The body."), std::string::npos) << text;
  const size_t box = text.find("In a box.");
  EXPECT_NE(box, std::string::npos) << text;
  EXPECT_EQ(text.find("In a box.", box + 1), std::string::npos) << text;
}

TEST_F(Formats, ScannedPagesAreReadByOcr) {
  const std::string words =
      PdfLines({"The quick brown fox jumps over the lazy dog.", "Pack my box with five dozen jugs of wine.",
                "Sphinx of black quartz, judge my vow today.", "How quickly daft jumping zebras vex us all."},
               72, 700, 20);
  WriteFile(folder_ / "source.pdf", MakePdf({words}));
  ChildCommand command;
  command.arguments = {"pdftoppm",
                       "-png",
                       "-r",
                       "150",
                       "-singlefile",
                       (folder_ / "source.pdf").string(),
                       (folder_ / "in/scan").string()};
  std::filesystem::create_directories(folder_ / "in");
  if (RunChild(command, {}).outcome == ChildOutcome::kMissing) GTEST_SKIP() << "pdftoppm is not installed";
  const Corpus corpus = Run();
  if (corpus.Reason("scan.png").find("not installed") != std::string::npos) GTEST_SKIP() << corpus.Reason("scan.png");
  EXPECT_NE(corpus.Text("scan.png").find("The quick brown fox jumps over the lazy dog."), std::string::npos)
      << corpus.Text("scan.png");
  EXPECT_GT(*corpus.documents.at("scan.png").ocr_confidence, 80);
}

}  // namespace
}  // namespace sheepop
