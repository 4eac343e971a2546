// Formats that a converter reads: what stands in the document stands in the text, or the report says what does not.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/child_process.h"
#include "ingest/test_support.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

using testing::Corpus;
using testing::MakeArchive;
using testing::Packing;
using testing::ReadFile;
using testing::RunIngest;
using testing::SharedPath;
using testing::TemporaryFolder;
using testing::WriteFile;

bool HasPandoc() {
  static const bool has = [] {
    ChildCommand command;
    command.arguments = {"pandoc", "--version"};
    return RunChild(command, {}).outcome != ChildOutcome::kMissing;
  }();
  return has;
}

class Converted : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!HasPandoc()) GTEST_SKIP() << "pandoc is not installed";
  }
  void Add(const std::string& name, std::string_view bytes) { WriteFile(folder_ / "in" / name, bytes); }
  Corpus Run(bool markdown = false) {
    IngestOptions options;
    options.markdown = markdown;
    options.near_duplicates = options.exact_duplicates = options.duplicate_paragraphs = false;
    return RunIngest(folder_.path(), options);
  }
  TemporaryFolder folder_;
};

constexpr std::string_view kWordSpace =
    "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" "
    "xmlns:mc=\"http://schemas.openxmlformats.org/markup-compatibility/2006\" xmlns:wps=\"urn:w\" xmlns:v=\"urn:v\"";

std::string WordRun(std::string_view text) {
  return fmt::format("<w:r><w:t xml:space=\"preserve\">{}</w:t></w:r>", text);
}
std::string Paragraph(std::string_view content) { return fmt::format("<w:p>{}</w:p>", content); }

std::string Docx(std::string_view body, const std::string& footnotes = "", const std::string& styles = "") {
  const std::string part = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/";
  const std::string relations =
      "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">";
  std::vector<std::pair<std::string, std::string>> members = {
      {"[Content_Types].xml",
       "<?xml version=\"1.0\"?><Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">"
       "<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
       "<Override PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-officedocument."
       "wordprocessingml.document.main+xml\"/></Types>"},
      {"_rels/.rels", relations + "<Relationship Id=\"r1\" Type=\"" + part +
                          "officeDocument\" Target=\"word/document.xml\"/></Relationships>"},
      {"word/_rels/document.xml.rels", relations + "<Relationship Id=\"f1\" Type=\"" + part +
                                           "footnotes\" Target=\"footnotes.xml\"/><Relationship Id=\"f2\" Type=\"" +
                                           part + "styles\" Target=\"styles.xml\"/></Relationships>"},
      {"word/document.xml",
       fmt::format("<?xml version=\"1.0\"?><w:document {}><w:body>{}</w:body></w:document>", kWordSpace, body)}};
  if (!footnotes.empty()) members.emplace_back("word/footnotes.xml", footnotes);
  if (!styles.empty()) members.emplace_back("word/styles.xml", styles);
  return MakeArchive(Packing::kZip, members);
}

TEST_F(Converted, FieldsOfWordKeepTheirText) {
  std::string body;
  for (const char* kind :
       {"SEQ Figure", "DATE", "PAGE", "REF x", "TITLE", "AUTHOR", "NUMPAGES", "FILENAME", "TIME", "STYLEREF 1"}) {
    body += Paragraph(WordRun("before ") +
                      fmt::format("<w:fldSimple w:instr=\" {} \">{}</w:fldSimple>", kind, WordRun("shown")) +
                      WordRun(" behind"));
  }
  body += Paragraph("<w:customXml w:element=\"x\"><w:customXmlPr/>" + WordRun("custom ") +
                    "</w:customXml><w:dir w:val=\"rtl\">" + WordRun("turned ") + "</w:dir><w:smartTag>" +
                    WordRun("smart") + "</w:smartTag>");
  Add("fields.docx", Docx(body));
  const Corpus corpus = Run();
  std::string expected;
  for (int i = 0; i < 10; ++i) expected += "before shown behind\n\n";
  EXPECT_EQ(corpus.Text("fields.docx"), expected + "custom turned smart\n");
  EXPECT_EQ(corpus.entries.at("fields.docx").at("fidelity").at("missing"), 0);
}

TEST_F(Converted, RubyKeepsItsWord) {
  Add("ruby.docx",
      Docx(Paragraph(WordRun("The ") + "<w:r><w:ruby><w:rubyPr/><w:rt>" + WordRun("neko") + "</w:rt><w:rubyBase>" +
                     WordRun("\u732B") + "</w:rubyBase></w:ruby></w:r>" + WordRun(" sleeps."))));
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("ruby.docx"), "The \u732B sleeps.\n");
  EXPECT_NE(corpus.Field("ruby.docx", "notes").find("1 readings above words"), std::string::npos);
}

TEST_F(Converted, TextBoxesStandBehindTheirAnchor) {
  const auto box = [](std::string_view text) {
    return fmt::format("<w:txbxContent>{}</w:txbxContent>", Paragraph(WordRun(text)));
  };
  const std::string vml =
      "<w:r><w:pict><v:shape><v:textbox>" + box("first box") + "</v:textbox></v:shape></w:pict></w:r>";
  const std::string both = "<w:r><mc:AlternateContent><mc:Choice Requires=\"wps\"><w:drawing><wps:txbx>" +
                           box("second box") + "</wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict>" +
                           box("second box") + "</w:pict></mc:Fallback></mc:AlternateContent></w:r>";
  Add("boxes.docx", Docx(Paragraph(WordRun("anchor one ") + vml + WordRun("goes on")) +
                         Paragraph(WordRun("anchor two") + both) + Paragraph(WordRun("last"))));
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("boxes.docx"), "anchor one goes on\n\nfirst box\n\nanchor two\n\nsecond box\n\nlast\n");
}

TEST_F(Converted, DamagedPartsKeepTheirBeginning) {
  const std::string notes = fmt::format(
      "<?xml version=\"1.0\"?><w:footnotes {}><w:footnote w:id=\"2\">{}</w:footnote><w:footnote w:id=\"3\">{}</w:fo",
      kWordSpace, Paragraph(WordRun("The first note.")), Paragraph(WordRun("The second note.")));
  Add("notes.docx", Docx(Paragraph(WordRun("Words") + "<w:r><w:footnoteReference w:id=\"2\"/></w:r>") +
                             Paragraph(WordRun("More") + "<w:r><w:footnoteReference w:id=\"3\"/></w:r>"),
                         notes));
  Add("body.docx", Docx(Paragraph(WordRun("Kept words.")) + "<w:p><w:r><w:t>cut off</w:p>"));
  const Corpus corpus = Run();
  for (const char* words : {"Words[1]", "The first note.", "The second note."}) {
    EXPECT_NE(corpus.Text("notes.docx").find(words), std::string::npos) << corpus.Text("notes.docx");
  }
  EXPECT_NE(corpus.Field("notes.docx", "notes").find("word/footnotes.xml is damaged"), std::string::npos);
  EXPECT_NE(corpus.Text("body.docx").find("Kept words."), std::string::npos);
}

TEST_F(Converted, TitlesOfStyleAreText) {
  const auto style = [](std::string_view id) {
    return fmt::format("<w:style w:type=\"paragraph\" w:styleId=\"{0}\"><w:name w:val=\"{0}\"/></w:style>", id);
  };
  const auto styled = [](std::string_view id, std::string_view text) {
    return fmt::format("<w:p><w:pPr><w:pStyle w:val=\"{}\"/></w:pPr>{}</w:p>", id, WordRun(text));
  };
  Add("title.docx",
      Docx(styled("Title", "The heading of it all") + styled("Author", "Ann Author") + Paragraph(WordRun("Body.")), "",
           fmt::format("<?xml version=\"1.0\"?><w:styles {}>{}{}</w:styles>", kWordSpace, style("Title"),
                       style("Author"))));
  Add("title.tex",
      "\\documentclass{article}\\title{On Sheep}\\author{Ann "
      "Author}\\begin{document}\\maketitle\nBody.\n\\end{document}\n");
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("title.docx"), "The heading of it all\n\nAnn Author\n\nBody.\n");
  EXPECT_EQ(corpus.Text("title.tex"), "On Sheep\n\nAnn Author\n\nBody.\n");
}

std::string Odt(std::string_view body) {
  const std::string spaces =
      "xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" "
      "xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\" "
      "xmlns:draw=\"urn:oasis:names:tc:opendocument:xmlns:drawing:1.0\" "
      "xmlns:style=\"urn:oasis:names:tc:opendocument:xmlns:style:1.0\" "
      "xmlns:fo=\"urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0\" "
      "xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\"";
  return MakeArchive(
      Packing::kZip,
      {{"mimetype", "application/vnd.oasis.opendocument.text"},
       {"META-INF/manifest.xml",
        "<?xml version=\"1.0\"?><manifest:manifest "
        "xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\">"
        "<manifest:file-entry manifest:full-path=\"content.xml\" "
        "manifest:media-type=\"text/xml\"/></manifest:manifest>"},
       {"styles.xml", fmt::format("<?xml version=\"1.0\"?><office:document-styles {}><office:styles/>"
                                  "<office:automatic-styles/><office:master-styles/></office:document-styles>",
                                  spaces)},
       {"content.xml", fmt::format("<?xml version=\"1.0\"?><office:document-content {}><office:body><office:text>{}"
                                   "</office:text></office:body></office:document-content>",
                                   spaces, body)}});
}

TEST_F(Converted, OpenDocumentKeepsFieldsBoxesAndSections) {
  Add("fields.odt",
      Odt("<text:p>On <text:date>3 May</text:date> page <text:page-number>4</text:page-number> by "
          "<text:author-name>Ann</text:author-name>, <text:placeholder>a place</text:placeholder> "
          "<text:user-field-get>mine</text:user-field-get> <text:meta>marked <text:time>noon</text:time></text:meta> "
          "<text:ruby><text:ruby-base>word</text:ruby-base><text:ruby-text>reading</text:ruby-text></text:ruby>.</"
          "text:p>"
          "<text:p>Anchor<draw:frame><draw:text-box><text:p>In the box.</text:p></draw:text-box></draw:frame> "
          "ends.</text:p>"
          "<text:section text:name=\"s\"><text:p>In a section.</text:p></text:section>"
          "<text:table-of-content><text:table-of-content-source/><text:index-body><text:p>Entry</text:p></"
          "text:index-body>"
          "</text:table-of-content><text:p>Shape<draw:custom-shape><text:p>In the "
          "shape.</text:p></draw:custom-shape></text:p>"));
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("fields.odt"),
            "On 3 May page 4 by Ann, a place mine marked noon word.\n\nAnchor ends.\n\nIn the box.\n\nIn a section.\n\n"
            "Entry\n\nShape\n\nIn the shape.\n");
  EXPECT_EQ(corpus.entries.at("fields.odt").at("fidelity").at("missing"), 0);
}

std::string Page(std::string_view body) {
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title>T"
      "</title></head><body>{}</body></html>",
      body);
}

// `chapters` without a name stand in the list of the book only.
std::string Epub(const std::vector<std::pair<std::string, std::string>>& chapters) {
  std::string items, spine;
  std::vector<std::pair<std::string, std::string>> members = {
      {"mimetype", "application/epub+zip"},
      {"META-INF/container.xml",
       "<?xml version=\"1.0\"?><container version=\"1.0\" xmlns=\"urn:oasis:names:tc:opendocument:xmlns:container\">"
       "<rootfiles><rootfile full-path=\"OEBPS/content.opf\" media-type=\"application/oebps-package+xml\"/></rootfiles>"
       "</container>"}};
  for (const auto& [name, bytes] : chapters) {
    items += fmt::format("<item id=\"{0}\" href=\"{0}.xhtml\" media-type=\"application/xhtml+xml\"/>", name);
    spine += fmt::format("<itemref idref=\"{}\"/>", name);
    if (!bytes.empty()) members.emplace_back("OEBPS/" + name + ".xhtml", bytes);
  }
  members.emplace_back(
      "OEBPS/content.opf",
      "<?xml version=\"1.0\"?><package xmlns=\"http://www.idpf.org/2007/opf\" version=\"3.0\" "
      "unique-identifier=\"i\"><metadata xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:title>B</dc:title>"
      "<dc:identifier id=\"i\">x</dc:identifier><dc:language>en</dc:language></metadata><manifest>" +
          items + "</manifest><spine>" + spine + "</spine></package>");
  return MakeArchive(Packing::kZip, members);
}

TEST_F(Converted, CharactersOfRichTextKeepTheirNeighbours) {
  Add("quotes.rtf",
      "{\\rtf1\\ansi\\uc1 He said \\u8220?Alice\\u8221? and \\u8220\\'93Bob\\u8221\\'94, {\\uc0 \\u8220Carl} \\u233 "
      "et\\u233\\'e9.\\par}");
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("quotes.rtf"), "He said \u201CAlice\u201D and \u201CBob\u201D, \u201CCarl \u00E9t\u00E9.\n");
}

TEST_F(Converted, DamagedChaptersDoNotCostTheBook) {
  Add("missing.epub",
      Epub({{"one", Page("<p>First chapter.</p>")}, {"two", ""}, {"three", Page("<p>Third chapter.</p>")}}));
  Add("bytes.epub", Epub({{"one", Page("<p>First chapter.</p>")}, {"two", Page("<p>Sec\xFFond chapter.</p>")}}));
  std::string torn =
      Epub({{"one", Page("<p>First chapter.</p>")},
            {"two", Page("<p>Second chapter with words enough to be packed. " + std::string(4000, 'w') + "</p>")},
            {"three", Page("<p>Third chapter.</p>")}});
  const size_t two = torn.find("OEBPS/two.xhtml");
  for (size_t i = two + 120; i < two + 130; ++i) torn[i] = static_cast<char>(torn[i] ^ 0x55);
  Add("torn.epub", torn);
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("missing.epub"), "First chapter.\n\nThird chapter.\n");
  EXPECT_NE(corpus.Field("missing.epub", "notes").find("OEBPS/two.xhtml"), std::string::npos);
  EXPECT_NE(corpus.Text("bytes.epub").find("chapter."), std::string::npos);
  EXPECT_NE(corpus.Field("bytes.epub", "notes").find("two.xhtml"), std::string::npos)
      << corpus.Field("bytes.epub", "notes");
  EXPECT_NE(corpus.Text("torn.epub").find("Third chapter."), std::string::npos) << corpus.Text("torn.epub");
  EXPECT_NE(corpus.Field("torn.epub", "notes").find("two.xhtml is damaged"), std::string::npos)
      << corpus.Field("torn.epub", "notes");
}

TEST_F(Converted, CommandsThatPandocDoesNotKnow) {
  Add("unknown.tex",
      "\\documentclass{article}\\usepackage{soul}\n\\begin{document}\nShips are \\hl{always} late, and \\pair{Ada "
      "\\person{King}}"
      "{Byron} was \\vspace{2cm}never on time.\\input{absent}\n\\end{document}\n");
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("unknown.tex"), "Ships are always late, and Ada King Byron was never on time.\n");
  const std::string notes = corpus.Field("unknown.tex", "notes");
  // pandoc 3 knows \\hl.
  for (const char* words : {"\\\\pair", "\\\\person", "absent.tex"})
    EXPECT_NE(notes.find(words), std::string::npos) << notes;
  EXPECT_EQ(corpus.entries.at("unknown.tex").at("fidelity").at("missing"), 0);
}

TEST_F(Converted, WhatStaysLostIsTold) {
  Add("drawn.tex",
      "\\documentclass{article}\n\\begin{document}\nA picture:\n\\begin{tikzpicture}\\node {Words in the drawing};"
      "\\end{tikzpicture}\n\\end{document}\n");
  const Corpus corpus = Run();
  ASSERT_EQ(corpus.report.lossy, 1u);
  const Fidelity& fidelity = corpus.report.lossiest.front().fidelity;
  EXPECT_EQ(fidelity.missing_words, (std::vector<std::string>{"Words", "in", "the", "drawing"}));
}

TEST_F(Converted, RolesAsMarkdown) {
  const std::string markdown =
      "# A heading\n\nWords with a note.[^1] And `code`.\n\n## Second\n\n- one\n- two\n\n    1. inner\n\n| a | b "
      "|\n|---|---|\n"
      "| c | d |\n\n``` python\nx = 1\n```\n\n[^1]: The note itself.\n";
  WriteFile(folder_ / "source.md", markdown);
  std::filesystem::create_directories(folder_ / "in");
  for (const char* format : {"docx", "odt", "epub", "html"}) {
    ChildCommand command;
    command.arguments = {"pandoc",
                         "-s",
                         "--metadata",
                         "title=T",
                         (folder_ / "source.md").string(),
                         "-o",
                         (folder_ / "in" / (std::string("a.") + format)).string()};
    RunChild(command, {});
  }
  Add("page.html",
      "<html><body><h2>Head</h2><p>Text<a role=\"doc-noteref\" href=\"#n\">7</a>.</p><pre><code "
      "class=\"language-cpp\">int "
      "i;\n</code></pre><table><tr><th>x|y<th "
      "colspan=2>z</tr><tr><td>1<td>2</tr></table><ol><li>one<ul><li>in</ul></ol>"
      "<p id=\"n\">Noted.</p></body></html>");
  const Corpus corpus = Run(true);
  for (const char* name : {"a.docx", "a.odt", "a.epub", "a.html"}) {
    const std::string& text = corpus.Text(name);
    for (const char* words : {"# A heading\n", "[^1]", "## Second\n", "- one\n- two\n", "1. inner",
                              "| a | b |\n| --- | --- |\n| c | d |\n", "[^1]: The note itself."}) {
      EXPECT_NE(text.find(words), std::string::npos) << name << " lacks " << words << ":\n" << text;
    }
  }
  EXPECT_NE(corpus.Text("a.html").find("```python\nx = 1\n```\n"), std::string::npos) << corpus.Text("a.html");
  EXPECT_NE(corpus.Text("a.html").find("`code`"), std::string::npos);
  EXPECT_EQ(corpus.Text("page.html"),
            "## Head\n\nText[^7].\n\n```cpp\nint i;\n```\n\n| x\\|y | z |  |\n| --- | --- | --- |\n| 1 | 2 |  |\n\n1. "
            "one\n   - in\n\n"
            "[^7]: Noted.\n");
}

TEST_F(Converted, ReportedInputs) {
  const auto reports = SharedPath("conformance/reports");
  if (!std::filesystem::exists(reports)) GTEST_SKIP() << reports << " is not there";
  for (const char* name : {"latex_unknown_commands.tex", "word_field_and_ruby.docx"})
    Add(name, ReadFile(reports / name));
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("latex_unknown_commands.tex"), "Ships are always late, and Ada was never on time.\n");
  EXPECT_EQ(corpus.Text("word_field_and_ruby.docx"), "Figure 7 shows \u732B.\n");
}

}  // namespace
}  // namespace sheepop
