#include "ingest/clean/steps.h"

#include <gtest/gtest.h>

#include "ingest/license.h"
#include "ingest/suspicion.h"

namespace sheepop {
namespace {

std::string Applied(const std::unique_ptr<CleanStep>& step, std::string text, bool laid_out = false,
                    DocumentKind kind = DocumentKind::kText) {
  Document document;
  document.text = std::move(text);
  document.laid_out = laid_out;
  document.kind = kind;
  step->Apply(document);
  return document.text;
}

TEST(CleanSteps, ControlCharacters) {
  const auto step = MakeControlCharacters();
  EXPECT_EQ(Applied(step, "a\r\nb\rc\x01\x1B[31md\x1B[0m\tx  "), "a\nb\ncd\tx  ");
  EXPECT_EQ(Applied(step, "page\fnext"), "page\nnext");
  EXPECT_EQ(Applied(step, "page\fnext", true), "page\fnext");
  EXPECT_EQ(Applied(step, "a\u202Eb"), "ab");
  EXPECT_EQ(Applied(step, "a\u202Eb", false, DocumentKind::kCode), "a\u202Eb");
}

TEST(CleanSteps, CharactersWithoutWidthStayWhereTheyWork) {
  const auto step = MakeControlCharacters();
  EXPECT_EQ(Applied(step, "\uFEFFa\u200Bb\u2060c\uFEFFd\u200De\u200Cf"), "abcdef");
  for (const char* whole : {"\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645",      // Persian, "I want"
                            "\u0915\u094D\u200D\u0937", "\u0DC1\u0DCA\u200D\u0DBB",  // Devanagari, Sinhala
                            "\U0001F469\u200D\U0001F680", "\u2764\uFE0F\u200D\U0001F525"}) {
    EXPECT_EQ(Applied(step, whole), whole);
  }
  Document document;
  document.text = "zero\u200Bwidth \u200C \u2060";
  EXPECT_EQ(step->Apply(document).changes, 3u);
  EXPECT_EQ(Applied(step, "a\u200Bb\u00AD", false, DocumentKind::kCode), "a\u200Bb\u00AD");
}

TEST(CleanSteps, SoftHyphensGoWhereverTheyAre) {
  const auto step = MakeControlCharacters();
  EXPECT_EQ(Applied(step, "In\u00ADdex\u00ADfonds"), "Indexfonds");
  EXPECT_EQ(Applied(step, "Auf\u00AD\ngabe, Auf\u00AD\r\ngabe, Auf\u00AD\n\ngabe"), "Aufgabe, Aufgabe, Auf\n\ngabe");
  EXPECT_EQ(Applied(step, "Auf\u00AD\nga\u00ADbe", true), "Auf\u00AD\ngabe") << "the step hyphenation joins it";
}

TEST(CleanSteps, UnicodeComposesButNotCode) {
  const auto step = MakeUnicode();
  EXPECT_EQ(Applied(step, "e\u0301t\u0065\u0301\nplain"), "\u00E9t\u00E9\nplain");
  EXPECT_EQ(Applied(step, "e\u0301", false, DocumentKind::kCode), "e\u0301");
}

TEST(CleanSteps, Ligatures) { EXPECT_EQ(Applied(MakeLigatures(), "\uFB01nd \uFB04 o\uFB03ce"), "find ffl office"); }

TEST(CleanSteps, HyphenationAsksTheRestOfTheDocument) {
  const auto step = MakeHyphenation();
  EXPECT_EQ(Applied(step, "an exam-\nple here", true), "an example here");
  EXPECT_EQ(Applied(step, "a well-known fact; a well-\nknown one", true), "a well-known fact; a well-known one");
  EXPECT_EQ(Applied(step, "the Anglo-\nSaxon 1990-\n1995", true), "the Anglo-Saxon 1990-1995");
  EXPECT_EQ(Applied(step, "cut soft\u00AD\nly", true), "cut softly");
  EXPECT_EQ(Applied(step, "EXAM-\nPLE of 5-\n6 and x-\n2", true), "EXAMPLE of 5-6 and x-2");
  EXPECT_EQ(Applied(step, "a dash -\nand more", true), "a dash -\nand more");
  EXPECT_EQ(Applied(step, "not an exam-\nple here", false), "not an exam-\nple here");
}

TEST(CleanSteps, TheRestOfACutWordIsNoWordOfItsOwn) {
  const auto step = MakeHyphenation();
  EXPECT_EQ(Applied(step, "The wind came from the west, over the west-\nern hills.", true),
            "The wind came from the west, over the western hills.");
  EXPECT_EQ(Applied(step, "A book and a shelf stood by the book-\nshelf.", true),
            "A book and a shelf stood by the book-shelf.");
}

TEST(CleanSteps, HyphensThatBelongStay) {
  const auto step = MakeHyphenation();
  EXPECT_EQ(Applied(step, "his mother-in-\nlaw, her mother-\nin-law, the years 1998-\n2004", true),
            "his mother-in-law, her mother-in-law, the years 1998-2004");
  EXPECT_EQ(Applied(step, "It is well-\nknown that the so-\ncalled twenty-\none were long-\nterm prices of the", true),
            "It is well-known that the so-called twenty-one were long-term prices of the");
  EXPECT_EQ(Applied(step, "and this is the ill-\nness of the old-\nest, high-\nly seven-\nteen, thir-\nty", true),
            "and this is the illness of the oldest, highly seventeen, thirty");
  EXPECT_EQ(
      Applied(step, "Das ist die all-\ngemeine und nicht die Aus-\nnahme, wie es der Index-\nfonds und der ist", true),
      "Das ist die allgemeine und nicht die Ausnahme, wie es der Indexfonds und der ist");
  EXPECT_EQ(Applied(step, "Vor-\nund Nachteile, pre-\nand post-war", true), "Vor- und Nachteile, pre- and post-war");
  EXPECT_EQ(Applied(step, "1998\u2013\n2004, word\u2014\nword, a \u2013\nb, minus -\n5", true),
            "1998\u20132004, word\u2014word, a \u2013\nb, minus -\n5");
}

TEST(CleanSteps, ParagraphsAreRejoined) {
  const auto step = MakeParagraphs();
  EXPECT_EQ(Applied(step, "one\ntwo\n\nthree", true), "one two\n\nthree\n");
  EXPECT_EQ(Applied(step, std::string("verse") + kHardBreak + "verse", true), "verse\nverse\n");
  EXPECT_EQ(Applied(step, std::string("a sentence that") + kPageBreak + "goes on", true), "a sentence that goes on\n");
  EXPECT_EQ(Applied(step, std::string("It ends.") + kColumnBreak + "Another", true), "It ends.\n\nAnother\n");
  EXPECT_EQ(Applied(step, "\u6F22\u5B57\n\u6F22", true), "\u6F22\u5B57\u6F22\n");
}

TEST(CleanSteps, BoilerplateOfBookCollections) {
  const auto step = MakeBoilerplate();
  const std::string book =
      "The Project Gutenberg Etext of A Book\n\nlegal words\n\n*END*THE SMALL PRINT! FOR PUBLIC DOMAIN "
      "ETEXTS*Ver.1*END*\n\n"
      "Produced by A. Person\n\nCHAPTER I\n\nThe story was produced by accident.\n\n"
      "Transcriber's Notes:\n\nPage 79, period added.\n\nEnd of The Project Gutenberg Etext of A Book\n";
  EXPECT_EQ(Applied(step, book), "CHAPTER I\n\nThe story was produced by accident.\n");
  EXPECT_EQ(Applied(step, "Produced by A. Person\n\n\n\n\nThis etext was prepared by B\n\n\n\nBOOK\n"), "BOOK\n");
  EXPECT_EQ(Applied(step,
                    "BOOK\n\n[Note: first printed in 1877. This etext was\ntranscribed from an edition of 1911.]\n\nTo "
                    "my mother\n\n"
                    "Dashes; quick pass; gutchecked twice\n\nI\n"),
            "BOOK\n\nTo my mother\n\nI\n");
  EXPECT_EQ(Applied(step, "A\n\nThe end of the project was near.\n"), "A\n\nThe end of the project was near.\n");
}

TEST(CleanSteps, Replacements) {
  EXPECT_EQ(Applied(MakeReplaceEmails(), "write to a.b+c@example.org, or @home; x@y"),
            "write to [email], or @home; x@y");
  EXPECT_EQ(Applied(MakeReplacePhones(), "call +49 30 1234567 or (555) 123-4567 before 2024-01-15, 1,234,567"),
            "call [phone] or [phone] before 2024-01-15, 1,234,567");
  EXPECT_EQ(Applied(MakeReplaceKeys(), "key=ghp_abcdefghijklmnopqrstuvwxyz0123456789AB; ask-me"), "key=[key]; ask-me");
  EXPECT_EQ(Applied(MakeReplaceKeys(), "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nafter"),
            "[key]\nafter");
}

TEST(CleanSteps, Filters) {
  Document document;
  document.text = "Es war einmal ein König, der hatte eine Tochter, und die war sehr schön.";
  EXPECT_FALSE(MakeLanguageFilter({"en"})->Apply(document).drop_reason.empty());
  EXPECT_TRUE(MakeLanguageFilter({"en", "de"})->Apply(document).drop_reason.empty());
  document.text = "// SPDX-License-Identifier: GPL-2.0-only\nint x;\n";
  EXPECT_FALSE(MakeLicenseFilter({"MIT"})->Apply(document).drop_reason.empty());
  document.text = " \n\t";
  EXPECT_EQ(MakeMinCharacters(1)->Apply(document).drop_reason, "no text is left");
}

TEST(License, TagsAndWords) {
  EXPECT_EQ(FindLicense("# SPDX-License-Identifier: Apache-2.0\n"), "Apache-2.0");
  EXPECT_EQ(FindLicense(" * Permission is hereby granted, free\n * of charge, to any person obtaining a copy\n"),
            "MIT");
  EXPECT_EQ(FindLicense("no licence at all"), "");
}

TEST(Suspicion, MojibakeIsCountedAndRepaired) {
  std::string text = "C\u00C3\u00A9sar d\u00C3\u00A9j\u00C3\u00A0 vu \u00E2\u20AC\u201D na\u00C3\u00AFve";
  EXPECT_TRUE(CountMojibake(text).likely());
  EXPECT_EQ(RepairMojibake(text), 5u);
  EXPECT_EQ(text, "C\u00E9sar d\u00E9j\u00E0 vu \u2014 na\u00EFve");
  std::string fine = "C\u00E9sar d\u00E9j\u00E0 vu";
  EXPECT_EQ(RepairMojibake(fine), 0u);
}

TEST(Suspicion, Doubts) {
  Document document;
  document.kind = DocumentKind::kCode;
  document.text = std::string(6000, 'x');
  AddSuspicions(document);
  EXPECT_EQ(document.suspicions, std::vector<std::string>{"minified_code"});
  document = {};
  for (int i = 0; i < 30; ++i) document.text += "aGVsbG8gd29ybGQ3aGVsbG8gd29ybGQ3aGVsbG8gd29ybGQ3aGVsbG8gd29ybGQ3\n";
  document.ocr_confidence = 42;
  AddSuspicions(document);
  EXPECT_EQ(document.suspicions, (std::vector<std::string>{"low_ocr_confidence", "base64"}));
}

}  // namespace
}  // namespace sheepop
