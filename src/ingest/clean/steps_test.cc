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

TEST(CleanSteps, OrderIsTheOneShownInHelp) {
  CleanOptions all;
  all.mojibake = all.replace_emails = all.replace_phones = all.replace_keys = true;
  all.keep_languages = {"en"};
  all.keep_licenses = {"MIT"};
  const auto steps = BuildCleanSteps(all);
  const auto help = CleanStepsHelp();
  ASSERT_EQ(steps.size(), help.size());
  for (size_t i = 0; i < steps.size(); ++i) EXPECT_EQ(steps[i]->name(), help[i].name);
}

TEST(CleanSteps, ControlCharacters) {
  const auto step = MakeControlCharacters();
  EXPECT_EQ(Applied(step, "a\r\nb\rc\x01\x1B[31md\x1B[0m\tx  "), "a\nb\ncd\tx  ");
  EXPECT_EQ(Applied(step, "page\fnext"), "page\nnext");
  EXPECT_EQ(Applied(step, "page\fnext", true), "page\fnext");
  EXPECT_EQ(Applied(step, "a\u202Eb"), "ab");
  EXPECT_EQ(Applied(step, "a\u202Eb", false, DocumentKind::kCode), "a\u202Eb");
  EXPECT_EQ(Applied(step, "\uFEFFa\u200Db"), "a\u200Db");
}

TEST(CleanSteps, UnicodeComposesButNotCode) {
  const auto step = MakeUnicode();
  EXPECT_EQ(Applied(step, "e\u0301t\u0065\u0301\nplain"), "\u00E9t\u00E9\nplain");
  EXPECT_EQ(Applied(step, "e\u0301", false, DocumentKind::kCode), "e\u0301");
}

TEST(CleanSteps, Ligatures) { EXPECT_EQ(Applied(MakeLigatures(), "\uFB01nd \uFB04 o\uFB03ce"), "find ffl office"); }

TEST(CleanSteps, PageFurniture) {
  std::string text;
  for (int page = 0; page < 6; ++page) {
    if (page > 0) text += kPageBreak;
    const std::string body(static_cast<size_t>(page + 3), static_cast<char>('a' + page));
    text += "A Running Title\n\nThe " + body + " goes on.\n\n" + std::to_string(page + 17);
  }
  const std::string clean = Applied(MakePageFurniture(), text, true);
  EXPECT_EQ(clean.find("Running"), std::string::npos);
  EXPECT_EQ(clean.find("17"), std::string::npos);
  EXPECT_NE(clean.find("The ffffffff goes on."), std::string::npos);
}

TEST(CleanSteps, FurnitureNeedsRepetition) {
  const std::string text = std::string("Chapter One\n\nText.\n\n1950") + kPageBreak + "Something else\n\nText.\n\n2001";
  EXPECT_EQ(Applied(MakePageFurniture(), text, true), text);
}

TEST(CleanSteps, HyphenationAsksTheRestOfTheDocument) {
  const auto step = MakeHyphenation();
  EXPECT_EQ(Applied(step, "an exam-\nple here", true), "an example here");
  EXPECT_EQ(Applied(step, "a well-known fact; a well-\nknown one", true), "a well-known fact; a well-known one");
  EXPECT_EQ(Applied(step, "the Anglo-\nSaxon 1990-\n1995", true), "the Anglo-Saxon 1990-1995");
  EXPECT_EQ(Applied(step, "cut soft\u00AD\nly", true), "cut softly");
  EXPECT_EQ(Applied(step, "a dash -\nand more", true), "a dash -\nand more");
  EXPECT_EQ(Applied(step, "not an exam-\nple here", false), "not an exam-\nple here");
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
