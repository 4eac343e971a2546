#include "data/corpus_reader.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "testing/temporary_folder.h"

namespace sheepop {
namespace {

using testing::TemporaryFolder;
using testing::WriteFile;

// A corpus of documents "in/N.txt" with these texts.
void WriteCorpus(const std::filesystem::path& folder, const std::vector<std::string>& texts) {
  std::string lines;
  for (size_t i = 0; i < texts.size(); ++i) {
    lines += fmt::format(
        R"({{"id": "{:016x}", "source": "in/{}.txt", "sha256": "", "kind": "text", "programming_language": null, )"
        R"("language": "en", "license": null, "characters": {}, "pages": null, "ocr_confidence": null, "text": "{}"}})"
        "\n",
        0xabc0 + i * 0x1000, i, texts[i].size(), texts[i]);
  }
  std::string packed;
  ZstdWriter writer([&](std::string_view bytes) { packed += bytes; }, 3, false);
  writer.Write(lines);
  writer.Finish();
  WriteFile(folder / "documents.jsonl.zst", packed);
}

class Corpus : public ::testing::Test {
 protected:
  Corpus() {
    std::vector<std::string> texts;
    for (int i = 0; i < 12; ++i) texts.push_back(fmt::format("first line\\nRecord {}", i));
    WriteCorpus(folder_.path(), texts);
  }
  const std::filesystem::path& path() const { return folder_.path(); }

  TemporaryFolder folder_;
};

TEST_F(Corpus, DocumentsComeInOrderWithTheirFields) {
  CorpusReader reader(path());
  CorpusDocument document;
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(reader.Next(document));
    EXPECT_EQ(document.source, fmt::format("in/{}.txt", i));
  }
  EXPECT_EQ(document.kind, "text");
  EXPECT_EQ(document.license, "");
  EXPECT_EQ(document.pages, 0u);
  EXPECT_EQ(document.text, "first line\nRecord 11");
  EXPECT_FALSE(reader.Next(document));
}

TEST(CorpusReader, AFieldOfAnotherKindIsRefusedByLineAndName) {
  const TemporaryFolder folder;
  for (const auto& [field, value] : {std::pair("id", "7"),
                                     {"source", "[]"},
                                     {"language", "{}"},
                                     {"characters", "\"9\""},
                                     {"characters", "-1"},
                                     {"pages", "-3"},
                                     {"ocr_confidence", "\"high\""}}) {
    std::string packed;
    ZstdWriter writer([&](std::string_view bytes) { packed += bytes; }, 3, false);
    writer.Write(fmt::format("{{\"text\": \"a\"}}\n{{\"text\": \"b\", \"{}\": {}}}\n", field, value));
    writer.Finish();
    WriteFile(folder.path() / "documents.jsonl.zst", packed);
    CorpusReader reader(folder.path());
    CorpusDocument document;
    ASSERT_TRUE(reader.Next(document));
    try {
      reader.Next(document);
      ADD_FAILURE() << field << " " << value;
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), ErrorCategory::kCorrupt);
      EXPECT_NE(std::string(error.what()).find(fmt::format("line 2: `{}` is {}", field, value)), std::string::npos)
          << error.what();
    }
  }
}

TEST_F(Corpus, ADocumentIsFoundByIdSourceAndBeginning) {
  EXPECT_EQ(ShowDocument(path(), "in/3.txt")->text, "first line\nRecord 3");
  EXPECT_EQ(ShowDocument(path(), "000000000000dbc0")->source, "in/3.txt");
  EXPECT_EQ(ShowDocument(path(), "000000000000d")->source, "in/3.txt");
  EXPECT_FALSE(ShowDocument(path(), "ffffffffffffffff"));
  EXPECT_THROW(ShowDocument(path(), "000000"), Error) << "fits several";
  EXPECT_EQ(ShowDocument(path(), "3.txt")->source, "in/3.txt");
  EXPECT_FALSE(ShowDocument(path(), ".txt")) << "no whole name";
}

TEST_F(Corpus, SamplesAreTheSameForTheSameSeed) {
  const auto sample = SampleDocuments(path(), 5, 7);
  ASSERT_EQ(sample.size(), 5u);
  const auto again = SampleDocuments(path(), 5, 7);
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(again[i].id, sample[i].id);
  for (size_t i = 1; i < 5; ++i) EXPECT_LT(sample[i - 1].id, sample[i].id) << "in the order of the corpus";
  EXPECT_EQ(SampleDocuments(path(), 1000, 1).size(), 12u);
}

TEST_F(Corpus, SearchNamesLineAndExcerpt) {
  const auto search = [&](std::string_view text, bool exact, size_t most) {
    std::vector<SearchHit> hits;
    SearchCorpus(path(), text, exact, [&](const SearchHit& hit) {
      hits.push_back(hit);
      return hits.size() < most;
    });
    return hits;
  };
  const auto hits = search("RECORD 1", false, 100);
  ASSERT_EQ(hits.size(), 3u) << "1, 10, 11";
  EXPECT_EQ(hits[0].excerpt, "Record 1");
  EXPECT_EQ(hits[0].line, 2u);
  EXPECT_TRUE(search("RECORD 1", true, 100).empty());
  EXPECT_EQ(search("line", false, 2).size(), 2u) << "ends when told";
}

}  // namespace
}  // namespace sheepop
