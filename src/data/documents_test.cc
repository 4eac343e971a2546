// Real documents, where they stand beside the repository: what is read against what they say.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <set>

#include "data/test_support.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

using testing::Corpus;
using testing::ReadFile;
using testing::RunIngest;
using testing::SharedPath;
using testing::TemporaryFolder;

// Words of ASCII letters, digits and apostrophes, lower case; typographic quotation marks and dashes apart.
std::vector<std::string> WordsOf(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto close = [&] {
    while (word.ends_with('\'')) word.pop_back();
    while (word.starts_with('\'')) word.erase(0, 1);
    if (!word.empty()) words.push_back(word);
    word.clear();
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("\u2019")) {
      word.push_back('\'');
      i += 2;
    } else if (text.substr(i).starts_with("\u201C") || text.substr(i).starts_with("\u201D") || text.substr(i).starts_with("\u2018") ||
               text.substr(i).starts_with("\u2014")) {
      close();
      i += 2;
    } else if (std::isalnum(static_cast<unsigned char>(text[i])) || text[i] == '\'' || static_cast<unsigned char>(text[i]) >= 0x80) {
      word.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(text[i]))));
    } else {
      close();
    }
  }
  close();
  return words;
}

// Edits between two word lists over the number of reference words; texts further apart than `band` words count as more.
double WordErrorRate(const std::vector<std::string>& reference, const std::vector<std::string>& found) {
  const auto n = static_cast<ptrdiff_t>(reference.size()), m = static_cast<ptrdiff_t>(found.size());
  const ptrdiff_t band = std::abs(n - m) + 600;
  constexpr int kFar = 1 << 29;
  std::vector<int> row(static_cast<size_t>(m + 1), kFar), next(row);
  for (ptrdiff_t j = 0; j <= std::min(m, band); ++j) row[j] = static_cast<int>(j);
  for (ptrdiff_t i = 1; i <= n; ++i) {
    std::fill(next.begin(), next.end(), kFar);
    for (ptrdiff_t j = std::max<ptrdiff_t>(0, i - band); j <= std::min(m, i + band); ++j) {
      if (j == 0) {
        next[0] = static_cast<int>(i);
        continue;
      }
      const int same = row[j - 1] + (reference[i - 1] != found[j - 1]);
      next[j] = std::min({same, row[j] + 1, next[j - 1] + 1});
    }
    row.swap(next);
  }
  return static_cast<double>(row[m]) / static_cast<double>(std::max<ptrdiff_t>(n, 1));
}

std::string Between(const std::string& text, std::string_view begin, std::string_view end) {
  const size_t a = text.find(begin), b = text.find(end, a == std::string::npos ? 0 : a);
  return a == std::string::npos ? text : text.substr(a, b == std::string::npos ? b : b - a);
}

// One run over all documents, shared by the tests; duplicates stay, because four of them are the same book.
const Corpus& Documents() {
  static const TemporaryFolder folder;
  static const Corpus corpus = [] {
    IngestOptions options;
    options.inputs = {SharedPath("conformance/documents")};
    options.near_duplicates = options.duplicate_paragraphs = false;
    return RunIngest(folder.path(), options);
  }();
  return corpus;
}

class RealDocuments : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(SharedPath("conformance/documents"))) {
      GTEST_SKIP() << SharedPath("conformance/documents") << " is not there";
    }
  }
  static double AliceRate(const std::string& name) {
    const std::string text = ReadFile(SharedPath("conformance/documents/alice.txt"));
    const std::string body = Between(text, "CHAPTER I. Down", "End of Project Gutenberg");
    const std::string& found = Documents().Text(name);
    const size_t begin = found.find("Alice was beginning to get very tired");
    const std::vector<std::string> words = WordsOf(Between(found.substr(begin == std::string::npos ? 0 : begin), "Alice was", "End of Project Gutenberg"));
    return WordErrorRate(WordsOf(Between(body, "Alice was", "End of Project")), words);
  }
};

TEST_F(RealDocuments, OneBookInFourFormats) {
  for (const char* name : {"alice.txt", "alice.pdf", "alice.htm", "alice.asciidoc"}) {
    const double rate = AliceRate(name);
    RecordProperty(std::string(name) + " word error rate", std::to_string(rate));
    EXPECT_LE(rate, 0.01) << name;
  }
}

TEST_F(RealDocuments, ScanAgainstItsText) {
  const std::string reference = ReadFile(SharedPath("conformance/documents/linn.txt"));
  const double rate = WordErrorRate(WordsOf(reference), WordsOf(Documents().Text("linn.png")));
  RecordProperty("linn.png word error rate", std::to_string(rate));
  EXPECT_LE(rate, 0.045);
  EXPECT_GT(*Documents().documents.at("linn.png").ocr_confidence, 80);
}

TEST_F(RealDocuments, ColumnsInReadingOrder) {
  const std::string& text = Documents().Text("multicolumn.pdf");
  const std::vector<std::string> order = {"Two-Column Document", "Abstract", "This is a sample document", "Donec nonummy pellentesque ante.",
                                          "Quisque ullamcorper placerat", "Fusce mauris.", "Nam feugiat lacus vel est.", "Table 1"};
  size_t at = 0;
  for (const std::string& words : order) {
    const size_t found = text.find(words, at);
    EXPECT_NE(found, std::string::npos) << words << " is not after what comes before it";
    if (found != std::string::npos) at = found;
  }
}

TEST_F(RealDocuments, OtherPdfs) {
  const std::string& pages = Documents().Text("four-pages.pdf");
  EXPECT_EQ(Documents().documents.at("four-pages.pdf").pages, 4u);
  EXPECT_GT(WordsOf(pages).size(), 2500u);
  EXPECT_NE(Documents().Text("arabic.pdf").find("habibi"), std::string::npos);
  EXPECT_NE(Documents().Text("arabic.pdf").find("\u062D\u064E\u0628\u064A\u0628\u064A"), std::string::npos);
  const std::string& french = Documents().Text("francais.pdf");
  EXPECT_NE(french.find("Portez ce vieux whisky au juge blond qui fume"), std::string::npos) << french;
  EXPECT_EQ(Documents().documents.at("francais.pdf").language, "fr");
}

TEST_F(RealDocuments, UnreadableOnesSayWhy) {
  EXPECT_EQ(Documents().Fate("password.pdf"), "failed");
  EXPECT_NE(Documents().Reason("password.pdf").find("password"), std::string::npos);
  EXPECT_EQ(Documents().Fate("invalid.pdf"), "failed");
  EXPECT_NE(Documents().Reason("invalid.pdf").find("not a readable PDF"), std::string::npos);
  for (const char* name : {"blank.pdf", "no_contents.pdf", "trivial.pdf"}) {
    EXPECT_EQ(Documents().Fate(name), "dropped") << name;
    EXPECT_NE(Documents().Reason(name).find("blank"), std::string::npos) << Documents().Reason(name);
  }
}

TEST(Tales, BooksShareTales) {
  const auto tales = SharedPath("corpus/tales");
  if (!std::filesystem::exists(tales)) GTEST_SKIP() << tales << " is not there";
  const TemporaryFolder folder;
  IngestOptions options;
  options.inputs = {tales};
  const auto begin = std::chrono::steady_clock::now();
  const Corpus corpus = RunIngest(folder.path(), options);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  RecordProperty("seconds", std::to_string(seconds));
  EXPECT_EQ(corpus.report.taken, 36u);
  // The same tales in two books, in other paragraphs and partly other words: the middle of Snow-White, Whittington,
  // Snow-White and Rose-Red, the three bears, Mabon and Olwen, the dummling and the golden goose.
  std::set<std::pair<std::string, std::string>> pairs;
  for (const SharedPassage& passage : corpus.report.shared_passages) {
    pairs.emplace(std::filesystem::path(passage.first).filename(), std::filesystem::path(passage.second).filename());
  }
  for (const auto& pair : {std::pair<std::string, std::string>{"Grimm-s-Fairy-Stories_11027.txt", "Grimms-Fairy-Tales_2591.txt"},
                           {"English-Fairy-Tales_7439.txt", "The-Blue-Fairy-Book_503.txt"},
                           {"English-Fairy-Tales_7439.txt", "The-Green-Fairy-Book_7277.txt"},
                           {"Grimms-Fairy-Tales_2591.txt", "The-Blue-Fairy-Book_503.txt"},
                           {"Celtic-Fairy-Tales_7885.txt", "The-Lilac-Fairy-Book_3454.txt"},
                           {"Grimms-Fairy-Tales_2591.txt", "The-Red-Fairy-Book_540.txt"}}) {
    EXPECT_TRUE(pairs.contains(pair)) << pair.first << " and " << pair.second;
  }
  EXPECT_GE(corpus.report.changes_by_step.at("boilerplate"), 4u);
  EXPECT_EQ(corpus.Text("Heidi_1448.txt").find("Small Print"), std::string::npos);
}

}  // namespace
}  // namespace sheepop
