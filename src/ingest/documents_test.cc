// Real documents, where they stand beside the repository: what is read against what they say.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <set>
#include <sstream>

#include "base/child_process.h"
#include "ingest/test_support.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

using testing::Corpus;
using testing::MakePdf;
using testing::PdfLines;
using testing::ReadFile;
using testing::RunIngest;
using testing::SharedPath;
using testing::SourcePath;
using testing::TemporaryFolder;
using testing::WriteFile;

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
    } else if (text.substr(i).starts_with("\u201C") || text.substr(i).starts_with("\u201D") ||
               text.substr(i).starts_with("\u2018") || text.substr(i).starts_with("\u2014")) {
      close();
      i += 2;
    } else if (std::isalnum(static_cast<unsigned char>(text[i])) || text[i] == '\'' ||
               static_cast<unsigned char>(text[i]) >= 0x80) {
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
    const std::vector<std::string> words =
        WordsOf(Between(found.substr(begin == std::string::npos ? 0 : begin), "Alice was", "End of Project Gutenberg"));
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
  // Words cut at a line's end count as one in all three texts.
  const auto words = [](std::string text) {
    for (size_t at = 0; (at = text.find("-\n", at)) != std::string::npos;) text.erase(at, 2);
    return WordsOf(text);
  };
  const auto reference = words(ReadFile(SharedPath("conformance/documents/linn.txt")));
  double best = 1;
  for (const char* mode : {"3", "4", "6", "11"}) {
    ChildCommand command;
    command.arguments = {"tesseract", SharedPath("conformance/documents/linn.png").string(), "-", "-l", "eng", "--psm",
                         mode};
    command.environment = {"OMP_THREAD_LIMIT=1"};
    const ChildResult alone = RunChild(command, {});
    ASSERT_TRUE(alone.ok()) << alone.errors;
    best = std::min(best, WordErrorRate(reference, words(alone.output)));
  }
  const double rate = WordErrorRate(reference, words(Documents().Text("linn.png")));
  RecordProperty("linn.png word error rate", std::to_string(rate));
  RecordProperty("Tesseract alone", std::to_string(best));
  EXPECT_LE(rate, best);
  EXPECT_GT(*Documents().documents.at("linn.png").ocr_confidence, 80);
}

TEST_F(RealDocuments, ColumnsInReadingOrder) {
  const std::string& text = Documents().Text("multicolumn.pdf");
  const std::vector<std::string> order = {
      "Two-Column Document",          "Abstract",      "This is a sample document",  "Donec nonummy pellentesque ante.",
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
  // The same tales in two books, in other paragraphs and partly other words or another translation. First words of the
  // passage in the second book tell which.
  struct Tale {
    const char* first;
    const char* second;
    const char* words;
  };
  const std::vector<Tale> tales_told_twice = {
      {"Grimms-Fairy-Tales_2591.txt", "The-Blue-Fairy-Book_503.txt", "little tailor"},
      {"Grimm-s-Fairy-Stories_11027.txt", "Grimms-Fairy-Tales_2591.txt", "poor wood-cutter with his wife"},
      {"English-Fairy-Tales_7439.txt", "The-Blue-Fairy-Book_503.txt", "twa widows"},
      {"Grimm-s-Fairy-Stories_11027.txt", "The-Blue-Fairy-Book_503.txt", "an old king who was so ill"},
      {"Grimm-s-Fairy-Stories_11027.txt", "The-Yellow-Fairy-Book_640.txt", "king was once hunting in a great wood"},
      {"Andersen-s-Fairy-Tales_1597.txt", "The-Yellow-Fairy-Book_640.txt", "SWINEHERD"},
      {"Grimms-Fairy-Tales_2591.txt", "The-Green-Fairy-Book_7277.txt", "engaged to a Princess"},
      {"Grimms-Fairy-Tales_2591.txt", "The-Red-Fairy-Book_540.txt", "a widow who had two daughters"},
      {"English-Fairy-Tales_7439.txt", "The-Green-Fairy-Book_7277.txt", "Bear"}};
  for (const Tale& tale : tales_told_twice) {
    const bool found = std::ranges::any_of(corpus.report.shared_passages, [&](const SharedPassage& passage) {
      return passage.first.ends_with(tale.first) && passage.second.ends_with(tale.second) &&
             passage.begins.find(tale.words) != std::string::npos;
    });
    EXPECT_TRUE(found) << tale.first << ", " << tale.second << ": " << tale.words;
  }
  // Books of one author, or by chance, share no tale.
  std::set<std::pair<std::string, std::string>> pairs;
  for (const SharedPassage& passage : corpus.report.shared_passages) {
    pairs.emplace(std::filesystem::path(passage.first).filename(), std::filesystem::path(passage.second).filename());
  }
  EXPECT_EQ(pairs.size(), 15u);
  for (const auto& [first, second] : pairs) {
    EXPECT_NE(first.find("Fairy"), std::string::npos) << first << " and " << second;
    EXPECT_NE(second.find("Fairy"), std::string::npos) << first << " and " << second;
  }
  const std::string table = AccountTable(corpus.report);
  EXPECT_NE(table.find("English-Fairy-Tales_7439.txt and The-Blue-Fairy-Book_503.txt:"), std::string::npos) << table;
  // What the collection and those who typed put around the books is gone, and the report says where.
  EXPECT_GE(corpus.report.changes_by_step.at("boilerplate"), 30u);
  for (const auto& [name, document] : corpus.documents) {
    for (const char* words : {"Small Print", "SMALL PRINT", "Gutenberg", "GUTENBERG", "Transcriber", "Proofread",
                              "etext was", "gutcheck"}) {
      EXPECT_EQ(document.text.find(words), std::string::npos) << name << " holds " << words;
    }
  }
  EXPECT_TRUE(corpus.Text("Heidi_1448.txt").starts_with("HEIDI"));
  EXPECT_NE(corpus.Field("Heidi_1448.txt", "notes").find("left out"), std::string::npos);
}

// What a person has who looks for documents to try this with: code, Markdown, a PDF made from it, a picture of a page.
class Repository : public ::testing::Test {
 protected:
  // Lines of ASCII of at most 80 bytes, as a printed page holds them.
  static std::vector<std::string> PrintedLines(const std::string& text) {
    std::vector<std::string> lines(1);
    for (const std::string& word : WordsBySpace(text)) {
      if (lines.back().size() + word.size() > 80) lines.emplace_back();
      lines.back() += (lines.back().empty() ? "" : " ") + word;
    }
    return lines;
  }

  static std::vector<std::string> WordsBySpace(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> words;
    for (std::string word; in >> word;) {
      if (std::ranges::all_of(word, [](unsigned char c) { return c > 0x20 && c < 0x7F; })) words.push_back(word);
    }
    return words;
  }

  static std::string Escaped(const std::string& line) {
    std::string escaped;
    for (const char c : line) escaped += c == '(' || c == ')' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    return escaped;
  }

  static std::string PdfOf(const std::vector<std::string>& lines) {
    constexpr size_t kPageLines = 45;
    std::vector<std::string> pages;
    for (size_t at = 0; at < lines.size(); at += kPageLines) {
      std::vector<std::string> page;
      for (size_t i = at; i < std::min(lines.size(), at + kPageLines); ++i) page.push_back(Escaped(lines[i]));
      pages.push_back(PdfLines(page, 60, 730, 11));
    }
    return MakePdf(pages);
  }

  // The repository without what is built from it.
  void Gather() {
    std::filesystem::create_directories(folder_ / "in");
    for (const auto& entry : std::filesystem::directory_iterator(SourcePath(""))) {
      const std::string name = entry.path().filename();
      if (name != "build" && name != ".git") std::filesystem::create_symlink(entry.path(), folder_ / "in" / name);
    }
  }

  TemporaryFolder folder_;
};

TEST_F(Repository, ReadsItself) {
  Gather();
  const std::string manual = ReadFile(SourcePath("docs/data.md"));
  ASSERT_GT(manual.size(), 5000u);
  const std::vector<std::string> lines = PrintedLines(manual);
  WriteFile(folder_ / "made/manual.pdf", PdfOf(lines));
  ChildCommand command;
  command.arguments = {"pdftoppm",
                       "-png",
                       "-r",
                       "150",
                       "-f",
                       "1",
                       "-l",
                       "1",
                       "-singlefile",
                       (folder_ / "made/manual.pdf").string(),
                       (folder_ / "made/page").string()};
  if (RunChild(command, {}).outcome == ChildOutcome::kMissing) GTEST_SKIP() << "pdftoppm is not installed";
  IngestOptions options;
  options.inputs = {folder_ / "in", folder_ / "made"};
  options.output = folder_ / "out";
  options.near_duplicates = options.duplicate_paragraphs = false;
  const Corpus corpus = RunIngest(folder_.path(), options);

  size_t code = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(SourcePath("src"))) {
    const std::string extension = entry.path().extension();
    if (extension != ".cc" && extension != ".h") continue;
    const auto found =
        corpus.documents.find("src/" + std::filesystem::relative(entry.path(), SourcePath("src")).string());
    ASSERT_NE(found, corpus.documents.end()) << entry.path();
    EXPECT_EQ(found->second.text, ReadFile(entry.path())) << entry.path() << ": code stays as it stands";
    if (extension == ".cc") {
      EXPECT_EQ(found->second.programming_language, "cpp") << entry.path();
    }
    ++code;
  }
  EXPECT_GT(code, 200u);
  EXPECT_EQ(corpus.documents.at("docs/data.md").kind, "markdown");
  EXPECT_EQ(corpus.Text("docs/data.md"), manual);

  const auto made = [&](const char* name) -> const testing::TakenDocument& {
    static const testing::TakenDocument none;
    const auto found = corpus.documents.find((folder_ / "made" / name).string());
    EXPECT_NE(found, corpus.documents.end()) << name;
    return found == corpus.documents.end() ? none : found->second;
  };
  std::string printed, first_page;
  for (size_t i = 0; i < lines.size(); ++i) {
    printed += lines[i] + "\n";
    if (i < 45) first_page += lines[i] + "\n";
  }
  EXPECT_LE(WordErrorRate(WordsOf(printed), WordsOf(made("manual.pdf").text)), 0.01);
  EXPECT_EQ(made("manual.pdf").pages, (lines.size() + 44) / 45);
  const testing::TakenDocument& page = made("page.png");
  const double rate = WordErrorRate(WordsOf(first_page), WordsOf(page.text));
  RecordProperty("word error rate of the picture", std::to_string(rate));
  EXPECT_LE(rate, 0.05) << page.text;
  EXPECT_EQ(page.kind, "image");
  EXPECT_EQ(corpus.report.failed, 0u);

  // The second run reads nothing again and sees that the PDF says what the Markdown says.
  options.near_duplicates = true;
  const Corpus again = RunIngest(folder_.path(), options);
  const std::string pdf = (folder_ / "made/manual.pdf").string();
  EXPECT_EQ(again.Field(pdf, "step"), "near_duplicates");
  EXPECT_NE(again.Reason(pdf).find("docs/data.md"), std::string::npos) << again.Reason(pdf);
}

}  // namespace
}  // namespace sheepop
