// Files of records: what is wrong with one costs that one, and is said.
#include <gtest/gtest.h>

#include "base/error.h"
#include "ingest/converters.h"
#include "ingest/encoding.h"
#include "ingest/test_support.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

using testing::Corpus;
using testing::ReadFile;
using testing::RunIngest;
using testing::SharedPath;
using testing::TemporaryFolder;
using testing::WriteFile;

class Records : public ::testing::Test {
 protected:
  void Add(const std::string& name, std::string_view bytes) { WriteFile(folder_ / "in" / name, bytes); }
  Corpus Run(const std::string& field = "") {
    IngestOptions options;
    options.text_field = field;
    return RunIngest(folder_.path(), options);
  }
  TemporaryFolder folder_;
};

std::string WithoutHalves(std::string json) {
  ReplaceLoneSurrogates(json);
  return json;
}

TEST(LoneSurrogates, OnlyThoseThatStandAlone) {
  EXPECT_EQ(WithoutHalves(R"("\ud83d\ude00")"), R"("\ud83d\ude00")");
  EXPECT_EQ(WithoutHalves(R"("\uD83D then")"), R"("\uFFFD then")");
  EXPECT_EQ(WithoutHalves(R"("\ude00\ud83d")"), R"("\uFFFD\uFFFD")");
  EXPECT_EQ(WithoutHalves(R"("\ud83d\ud83d\ude00")"), R"("\uFFFD\ud83d\ude00")");
  EXPECT_EQ(WithoutHalves(R"("\\ud83d \\\ud83d")"), R"("\\ud83d \\\uFFFD")");
  EXPECT_EQ(WithoutHalves(R"("\ud83d\n\u00e9\uzzzz\ud8)"), R"("\uFFFD\n\u00e9\uzzzz\ud8)");
}

TEST_F(Records, LoneSurrogates) {
  Add("a.jsonl", "{\"text\": \"half \\ud83d of a pair\"}\n{\"text\": \"other half \\ude00, whole \\ud83d\\ude00\"}\n");
  Add("n.ipynb", R"json({"nbformat": 4, "metadata": {}, "cells": [
      {"cell_type": "markdown", "source": "half \udc00 here"}]})json");
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("a.jsonl#1"), "half \uFFFD of a pair");
  EXPECT_EQ(corpus.Text("a.jsonl#2"), "other half \uFFFD, whole \U0001F600");
  EXPECT_EQ(corpus.Text("n.ipynb"), "half \uFFFD here\n");
  EXPECT_NE(corpus.Field("a.jsonl", "notes").find("#2"), std::string::npos) << corpus.Field("a.jsonl", "notes");
  EXPECT_NE(corpus.Field("n.ipynb", "notes").find("1 lone halves"), std::string::npos);
}

TEST_F(Records, NotesOfSingleRecordsStandInTheReport) {
  Add("bytes.csv", "id,text\n1,na\xC3\xAFve and sound\n2,broken \xE9 byte\n3,caf\xC3\xA9\n");
  Add("bytes.jsonl",
      "{\"text\": \"na\xC3\xAFve\"}\n{\"text\": \"torn \xE9 byte\"}\n{\"text\": \"nul \\u0000 here\"}\n");
  Add("latin.jsonl",
      "{\"text\": \"sch\xF6ne Gr\xFC\xDF"
      "e aus K\xF6ln\"}\n{\"text\": \"f\xFCr die M\xFChle\"}\n");
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("bytes.csv#3"), "broken \uFFFD byte");
  EXPECT_EQ(corpus.Field("bytes.csv", "noted"), "1");
  EXPECT_EQ(corpus.Field("bytes.csv", "notes"), R"([{"record":"#3","note":"1 broken characters replaced by U+FFFD"}])");
  EXPECT_EQ(corpus.Text("bytes.jsonl#2"), "torn \uFFFD byte");
  EXPECT_EQ(corpus.Text("bytes.jsonl#3"), "nul  here");
  EXPECT_EQ(corpus.Field("bytes.jsonl", "noted"), "2");
  EXPECT_EQ(corpus.Text("latin.jsonl#2"), "f\u00FCr die M\u00FChle");
  EXPECT_NE(corpus.Field("latin.jsonl", "notes").find("read as WINDOWS-1252"), std::string::npos);
}

TEST_F(Records, TheFirstRecordNeedNotHaveTheField) {
  Add("late.jsonl",
      "{\"title\": \"a heading\"}\n{\"text\": null}\n{\"content\": \"what counts\"}\n{\"content\": \"more\"}\n");
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("late.jsonl#3"), "what counts");
  EXPECT_EQ(corpus.Field("late.jsonl", "taken"), "2");
  EXPECT_EQ(corpus.Field("late.jsonl", "failed"), "2");
}

TEST_F(Records, ConversationsAreSentToTrain) {
  Add("chats.jsonl", R"({"messages": [{"role": "user", "content": "Hi"}]})");
  const Corpus corpus = Run();
  ASSERT_EQ(corpus.report.mishaps.size(), 1u);
  EXPECT_NE(corpus.report.mishaps[0].reason.find("sheepop train "), std::string::npos);
  EXPECT_NE(corpus.report.mishaps[0].reason.find("chats.jsonl --from MODEL"), std::string::npos);
}

TEST_F(Records, ManyWithOneFaultHideNoOther) {
  std::string lines;
  for (int i = 0; i < 40; ++i) lines += "{\"other\": \"text\"}\n";
  Add("a.jsonl", lines);
  Add("z.pdf", "%PDF-1.4\n");
  const Corpus corpus = Run();
  ASSERT_EQ(corpus.report.mishaps.size(), 2u);
  EXPECT_EQ(corpus.report.mishaps[0].more, 39u);
  EXPECT_TRUE(corpus.report.mishaps[1].source.ends_with("z.pdf"));
  const std::string table = AccountTable(corpus.report);
  EXPECT_NE(table.find("(and 39 more of it)"), std::string::npos) << table;
  EXPECT_EQ(table.find("more in "), std::string::npos) << table;
}

TEST_F(Records, AFieldThatNoneHas) {
  Add("a.jsonl", "{\"text\": \"one\", \"id\": 7}\n{\"text\": \"two\", \"id\": 8}\n");
  Add("b.csv", "id,body\n1,words\n");
  const Corpus corpus = Run("nosuch");
  EXPECT_EQ(corpus.report.fieldless, 3u);
  EXPECT_EQ(corpus.report.with_field, 0u);
  EXPECT_EQ(corpus.Field("a.jsonl", "step"), "field");
  EXPECT_NE(corpus.Reason("a.jsonl").find("text, id"), std::string::npos) << corpus.Reason("a.jsonl");
  EXPECT_NE(corpus.Reason("b.csv").find("id, body"), std::string::npos) << corpus.Reason("b.csv");
  const Corpus body = Run("body");
  EXPECT_EQ(body.report.with_field, 1u);
  EXPECT_EQ(body.Text("b.csv#2"), "words");
}

TEST_F(Records, WholeRows) {
  Add("a.csv", "name;due;paid\nMill;40;12\nInn;;8\n;;\n");
  Add("b.jsonl", "{\"name\": \"Mill\", \"due\": 40, \"paid\": null, \"of\": [1, \"x\"]}\n{\"due\": 3}\n{\"x\": 1}\n");
  const Corpus all = Run("*");
  EXPECT_EQ(all.Text("a.csv#2"), "name: Mill\ndue: 40\npaid: 12");
  EXPECT_EQ(all.Text("a.csv#3"), "name: Inn\npaid: 8");
  EXPECT_EQ(all.Field("a.csv", "taken"), "2") << "a row of nothing";
  EXPECT_EQ(all.Text("b.jsonl#1"), "name: Mill\ndue: 40\nof: [1,\"x\"]");
  const Corpus some = Run("paid,name");
  EXPECT_EQ(some.Text("a.csv#2"), "paid: 12\nname: Mill");
  EXPECT_EQ(some.Text("b.jsonl#1"), "name: Mill");
  EXPECT_EQ(some.Field("b.jsonl", "failed"), "2");
  const Corpus lacking = Run("name,nosuch");
  EXPECT_NE(lacking.Reason("a.csv").find("no field `nosuch`"), std::string::npos) << lacking.Reason("a.csv");
  EXPECT_NE(lacking.Reason("a.csv").find("--field '*'"), std::string::npos) << lacking.Reason("a.csv");
}

TEST_F(Records, FieldsOfSuchNames) {
  Add("a.csv", "\"name,due\",*\nMill,40\n");
  EXPECT_EQ(Run("name,due").Text("a.csv#2"), "Mill");
  EXPECT_EQ(Run("*").Text("a.csv#2"), "40");
}

TEST(MissingLanguage, IsNamedWithItsPackage) {
  IngestOptions options;
  const Converters converters(options);
  try {
    converters.Run({"tesseract", "page.png", "-", "-l", "eng+chi_tra_vert"}, 1 << 20);
    FAIL() << "ran";
  } catch (const Error& error) {
    const std::string message = error.what();
    if (message.find("apt install tesseract-ocr\n") != std::string::npos) GTEST_SKIP() << message;
    EXPECT_EQ(error.category(), ErrorCategory::kNotFound);
    EXPECT_NE(message.find("apt install tesseract-ocr-"), std::string::npos) << message;
  }
}

TEST_F(Records, ReportedInput) {
  const auto reported = SharedPath("conformance/reports/records.jsonl");
  if (!std::filesystem::exists(reported)) GTEST_SKIP() << reported << " is not there";
  Add("records.jsonl", ReadFile(reported));
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Field("records.jsonl", "taken"), "7");
  EXPECT_EQ(corpus.Text("records.jsonl#5"), "Record three: half of a pair \uFFFD then words.");
}

}  // namespace
}  // namespace sheepop
