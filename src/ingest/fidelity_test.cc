#include "ingest/fidelity.h"

#include <gtest/gtest.h>

#include "ingest/readers/html.h"
#include "ingest/readers/latex_source.h"
#include "ingest/readers/markup_text.h"
#include "ingest/readers/rtf_text.h"
#include "ingest/test_support.h"

namespace sheepop {
namespace {

using Strings = std::vector<std::string>;

TEST(CompareWords, CountsWhatIsMissingAndWhatIsAdded) {
  const Fidelity same = CompareWords("One word, two words: 3.5 caf\u00E9s", "One word\ntwo words 3 5 \"caf\u00E9s\"");
  EXPECT_EQ(same.words, 7u);
  EXPECT_EQ(same.missing + same.added, 0u);
  const Fidelity lost = CompareWords("the cat sat on the mat", "the sat on mat there");
  EXPECT_EQ(lost.missing, 2u);
  EXPECT_EQ(lost.missing_words, (Strings{"the", "cat"}));
  EXPECT_EQ(lost.added_words, Strings{"there"});
  EXPECT_TRUE(lost.IsLow());
}

TEST(CompareWords, WordsPartedOrJoinedOtherwiseAreThere) {
  const Fidelity parted = CompareWords("before Once upon a time", "before O nce upon a ti\u00ADme");
  EXPECT_EQ(parted.missing, 0u) << parted.missing_words.front();
  EXPECT_EQ(CompareWords("one two three", "one twothree").missing, 0u);
  EXPECT_EQ(CompareWords("one two three four", "one xtwox three four").missing, 1u);
}

TEST(CompareWords, ScriptsWithoutSpaces) {
  EXPECT_EQ(CompareWords("\u732B\u304C\u3044\u308B", "\u732B\n\u304C\u3044\u308B").missing, 0u);
  EXPECT_EQ(CompareWords("\u732B\u304C\u3044\u308B", "\u304C\u3044\u308B").missing_words, Strings{"\u732B"});
}

TEST(CompareWords, ATraceIsThreeWordsAndHalfAPercent) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "word" + std::to_string(i) + " ";
  EXPECT_FALSE(CompareWords(text + "lost1 gap lost2 gap lost3", text + "gap gap").IsLow());
  EXPECT_TRUE(CompareWords(text + "lost1 gap lost2 gap lost3 gap lost4", text + "gap gap gap").IsLow());
  EXPECT_TRUE(CompareWords("few words and one lost", "few words and one").IsLow());
}

TEST(MarkupText, OfPagesWithoutAParser) {
  EXPECT_EQ(CompareWords(MarkupText("<html><head><title>no</title></head><body><!-- no --><p hidden>no <b>no</b></p>"
                                    "<script>if (a < b) no();</script><style>no{}</style>W<b>ord</b> &eacute;t&#233; "
                                    "a &lt; b &unknown; 1 < 2<p title='> no'>last<br>line</p></body></html>",
                                    kHtmlRules),
                         "Word \u00E9t\u00E9 a b unknown 1 2 last line")
                .added,
            0u);
  EXPECT_EQ(MarkupText("x<p>y</p><div style='display: none'>no<div>no</div>no</div>z", kHtmlRules), "x y z");
}

TEST(LatexText, WhatAReaderSees) {
  const std::string text = LatexText(
      "\\documentclass{article}\\title{The \\emph{Title}}\\newcommand{\\no}[1]{no}\n\\begin{document}% no\n"
      "Caf\\'e, na\\\"{\\i}ve, Stra\\ss e, \\c{c}a; \\label{no}\\textbf{W}ord \\unknown{kept}\\footnote{Note}.\n"
      "\\vspace{2cm}\\href{no}{link} \\begin{tabular}{ll}a & b\\\\ c & d\\end{tabular}\n"
      "\\begin{verbatim}%raw\\end{verbatim}\\verb|\\x| $\\frac{a}{b}$ \\begin{comment}no\\end{comment}\n"
      "\\item[label] 50\\% \\raisebox{1pt}{up}\\end{document} no");
  const Fidelity fidelity = CompareWords(text,
                                         "The Title Caf\u00E9 na\u00EFve Stra\u00DFe \u00E7"
                                         "a Word kept Note link a b c d raw x frac a b label 50 up");
  EXPECT_EQ(fidelity.missing, 0u) << fidelity.missing_words.front() << " in " << text;
  EXPECT_EQ(fidelity.added, 0u) << fidelity.added_words.front() << " in " << text;
}

TEST(RtfText, WhatAReaderSees) {
  const std::string text = RtfText(
      "{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 No;}}{\\info{\\title No}}{\\*\\generator No;}\\pard One \\b bold\\b0"
      " w\\'e4re \\u233?t\\u-10179?\\u-8704?\\par two{\\*\\footnote A note.}\\tab three\\emdash four\\line{\\pict "
      "00ff}}");
  EXPECT_EQ(CompareWords(text, "One bold w\u00E4re \u00E9t two A note three four").missing, 0u) << text;
  EXPECT_EQ(CompareWords("One bold w\u00E4re \u00E9t two A note three four", text).missing, 0u) << text;
  EXPECT_EQ(RtfText(std::string(100'000, '{') + "deep" + std::string(100'000, '}')), "deep");
}

TEST(DefineSkipped, KeepsTextAndLeavesLengthsOut) {
  const auto log = [](const char* contents) {
    return std::string("[{\"type\": \"SkippedContent\", \"contents\": \"") + contents + "\"}]";
  };
  EXPECT_EQ(DefineSkipped(log("\\\\hl{always}"), {}).definitions, "\\newcommand{\\hl}[1]{#1}\n");
  EXPECT_EQ(DefineSkipped(log("\\\\pair{one}{two}"), {}).definitions, "\\newcommand{\\pair}[2]{#1 #2}\n");
  EXPECT_EQ(DefineSkipped(log("\\\\opt[a]{one}"), {}).definitions, "\\newcommand{\\opt}[2][]{#2}\n");
  EXPECT_EQ(DefineSkipped(log("\\\\lift{2pt}{one}"), {}).definitions, "\\newcommand{\\lift}[2]{#2}\n");
  EXPECT_EQ(DefineSkipped(log("\\\\vspace{2cm}"), {}).definitions, "");
  EXPECT_EQ(DefineSkipped(log("\\\\noindent "), {}).definitions, "");
  EXPECT_EQ(DefineSkipped(log("\\\\hl{always}"), {"\\hl"}).definitions, "");
  EXPECT_EQ(DefineSkipped("no log", {}).definitions, "");
}

TEST(HtmlFidelity, ATitleCountsAsWholeWordsAboveTheText) {
  const testing::TemporaryFolder folder;
  testing::WriteFile(folder / "in/ship.html", "<!doctype html><title>Ship</title><p>Shipping is late again this year.");
  testing::WriteFile(folder / "in/mill.html", "<!doctype html><title>The Mill</title><p>The Mill, and what was in it.");
  testing::WriteFile(folder / "in/four.html", "<!doctype html><title>Four words of it</title><p>And a text.");
  const testing::Corpus corpus = testing::RunIngest(folder.path());
  EXPECT_EQ(corpus.Text("ship.html"), "Ship\n\nShipping is late again this year.\n");
  EXPECT_EQ(corpus.Text("mill.html"), "The Mill, and what was in it.\n");
  EXPECT_EQ(corpus.Text("four.html"), "Four words of it\n\nAnd a text.\n");
  EXPECT_EQ(corpus.report.missing_words + corpus.report.added_words, 0u);
}

}  // namespace
}  // namespace sheepop
