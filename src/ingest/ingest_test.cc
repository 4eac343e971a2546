// Whole runs: sameness, resuming, changes, hostile inputs.
#include "ingest/ingest.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <random>
#include <thread>

#include "base/error.h"
#include "ingest/test_support.h"

namespace sheepop {
namespace {

using testing::Corpus;
using testing::MakeArchive;
using testing::MakePdf;
using testing::Packing;
using testing::PdfLines;
using testing::ReadFile;
using testing::RunIngest;
using testing::TemporaryFolder;
using testing::WriteFile;

std::string Prose(uint32_t seed, size_t paragraphs) {
  static constexpr const char* kWords[] = {"the",   "king", "of",     "old",   "river", "and", "a",
                                           "stone", "was",  "in",     "house", "went",  "to",  "mother",
                                           "that",  "it",   "golden", "bird",  "never", "said"};
  std::mt19937 random(seed);
  std::string text;
  for (size_t p = 0; p < paragraphs; ++p) {
    for (int w = 0; w < 50; ++w)
      text += std::string(kWords[random() % std::size(kWords)]) + (w % 12 == 11 ? "\n" : " ");
    text += ".\n\n";
  }
  return text;
}

class IngestRun : public ::testing::Test {
 protected:
  void Put(std::string_view name, std::string_view bytes) { WriteFile(folder_ / "in" / name, bytes); }
  Corpus Run(IngestOptions options = {}) { return RunIngest(folder_.path(), std::move(options)); }
  std::string Bytes(std::string_view out = "out") {
    return ReadFile(folder_.path() / out / "documents.jsonl.zst") + ReadFile(folder_.path() / out / "report.json");
  }
  void PutMixed() {
    for (uint32_t i = 0; i < 12; ++i) Put(fmt::format("texts/{}.txt", i), Prose(i, 20));
    Put("copy.txt", Prose(3, 20));
    Put("near.txt", Prose(4, 20) + "One more sentence.\n");
    Put("mix.txt", Prose(100, 5) + Prose(5, 20).substr(0, 3000) + "\n\n" + Prose(101, 5));
    Put("code/a.py", "def f():\n    return 1\n");
    Put("page.html", "<html><body><p>A page with <a href=x>words</a> in it.</p></body></html>");
    Put("z.zip", MakeArchive(Packing::kZip,
                             {{"a.txt", Prose(50, 3)}, {"b.txt", Prose(51, 3)}, {"c.bin", std::string(100, '\0')}}));
    Put("r.jsonl", "{\"text\": \"record one\"}\n{\"text\": \"record two\"}\nbad\n");
    Put("p.pdf", MakePdf({PdfLines({"A page of a small document with words."})}));
  }
  TemporaryFolder folder_;
};

TEST_F(IngestRun, SameBytesForAnyNumberOfWorkers) {
  PutMixed();
  IngestOptions options;
  options.workers = 1;
  Run(options);
  const std::string one = Bytes();
  for (const uint32_t workers : {2u, 7u}) {
    options.workers = workers;
    options.output = folder_ / fmt::format("out{}", workers);
    Run(options);
    EXPECT_EQ(Bytes(fmt::format("out{}", workers)), one) << workers << " workers";
  }
}

// Licences, settings and empty modules: many workers write the same part at once, while others look whether it is there.
TEST_F(IngestRun, FilesOfOneNameAndContent) {
  constexpr size_t kFiles = 400, kOfEach = 40;
  for (size_t i = 0; i < kFiles; ++i) Put(fmt::format("{:03}/same.txt", i), Prose(static_cast<int>(i / kOfEach), 3));
  IngestOptions options;
  options.workers = 32;
  for (int round = 0; round < 6; ++round) {
    options.output = folder_ / fmt::format("out{}", round);
    const Corpus corpus = Run(options);
    EXPECT_EQ(corpus.documents.size(), kFiles / kOfEach);
    EXPECT_EQ(corpus.report.exact_duplicates, kFiles - kFiles / kOfEach);
  }
}

TEST_F(IngestRun, SameBytesInAnyOrderOfReading) {
  PutMixed();
  IngestOptions options;
  options.inputs = {folder_ / "in/code", folder_ / "in/copy.txt", folder_ / "in/texts", folder_ / "in/z.zip"};
  Run(options);
  const std::string sorted = Bytes();
  // Written again in another order, so that the file system lists them in another, and named in another.
  const std::string zip = ReadFile(folder_ / "in/z.zip");
  std::filesystem::remove_all(folder_ / "in");
  Put("z.zip", zip);
  for (uint32_t i = 12; i-- > 0;) Put(fmt::format("texts/{}.txt", i), Prose(i, 20));
  Put("copy.txt", Prose(3, 20));
  Put("code/a.py", "def f():\n    return 1\n");
  std::ranges::reverse(options.inputs);
  options.output = folder_ / "turned";
  options.workers = 5;
  Run(options);
  EXPECT_EQ(Bytes("turned"), sorted);
}

TEST_F(IngestRun, DuplicatesAreDroppedAndNamed) {
  PutMixed();
  const Corpus corpus = Run();
  // Of equals the first by path stays: copy.txt stands before texts/3.txt.
  EXPECT_EQ(corpus.Field("texts/3.txt", "step"), "exact_duplicates");
  EXPECT_NE(corpus.Reason("texts/3.txt").find("copy.txt"), std::string::npos);
  EXPECT_EQ(corpus.Field("texts/4.txt", "step"), "near_duplicates");
  EXPECT_EQ(corpus.report.exact_duplicates, 1u);
  EXPECT_EQ(corpus.report.near_duplicates, 1u);
  EXPECT_GT(corpus.report.duplicate_paragraphs, 5u);
  ASSERT_FALSE(corpus.report.shared_passages.empty());
  EXPECT_TRUE(corpus.report.shared_passages[0].second.ends_with("texts/5.txt"));
  EXPECT_EQ(corpus.Fate("z.zip!c.bin"), "dropped");
  EXPECT_EQ(corpus.report.taken, corpus.documents.size());
}

TEST_F(IngestRun, StepsCanBeSwitchedOff) {
  PutMixed();
  IngestOptions options;
  options.exact_duplicates = options.near_duplicates = options.duplicate_paragraphs = false;
  const Corpus corpus = Run(options);
  EXPECT_EQ(corpus.Text("texts/3.txt"), Prose(3, 20));
  EXPECT_EQ(corpus.Text("copy.txt"), Prose(3, 20));
}

TEST_F(IngestRun, SecondRunReadsOnlyWhatChanged) {
  PutMixed();
  // Files that changed a moment ago are not trusted to be the same.
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "in")) {
    std::filesystem::last_write_time(entry.path(),
                                     std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  }
  const Corpus first = Run();
  EXPECT_EQ(first.report.files_from_cache, 0u);
  const std::string before = Bytes();
  Run();
  EXPECT_EQ(Bytes(), before);
  Put("texts/1.txt", Prose(77, 4));
  std::filesystem::remove(folder_ / "in/texts/2.txt");
  Put("texts/new.txt", Prose(78, 4));
  const Corpus third = Run();
  EXPECT_EQ(third.Text("texts/1.txt"), Prose(77, 4));
  EXPECT_FALSE(third.entries.contains("texts/2.txt"));
  EXPECT_EQ(third.Text("texts/new.txt"), Prose(78, 4));
  IngestOptions fresh;
  fresh.output = folder_ / "fresh";
  Run(fresh);
  EXPECT_EQ(Bytes(), Bytes("fresh"));
  size_t parts = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "out/.cache/parts"))
    parts += entry.is_regular_file();
  EXPECT_EQ(parts, 2 * third.report.files);
}

TEST_F(IngestRun, OneRunAtATime) {
  Put("a.txt", "x");
  struct Nested : ProgressSink {
    IngestOptions options;
    std::string message;
    void OnProgress(const IngestProgress&) override {
      if (!message.empty()) return;
      try {
        Ingest(options);
        message = "no error";
      } catch (const Error& error) {
        message = error.what();
      }
    }
  } nested;
  nested.options.inputs = {folder_ / "in"};
  nested.options.output = folder_ / "out";
  Ingest(nested.options, &nested);
  EXPECT_EQ(nested.message, (folder_ / "out").string() + " is in use by another run; wait for its end, or end it");
}

TEST_F(IngestRun, OptionsOutOfBoundsAreNamed) {
  IngestOptions options;
  options.inputs = {folder_ / "in"};
  options.output = folder_ / "out";
  options.ocr_dpi = 7;
  try {
    Ingest(options);
    FAIL() << "ocr_dpi 7 was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()), "ocr_dpi is 7, must be 72 to 600");
  }
  options.ocr_dpi = 300;
  EXPECT_THROW(Ingest(options), Error);  // the input does not exist
}

TEST_F(IngestRun, HostileNamesLinksAndPermissions) {
  Put("good.txt", "a good file");
  Put("latin-\xE9.txt", "latin name");
  Put("new\nline.txt", "newline name");
  Put("-rf.txt", "a name like a flag");
  Put("back\\slash.txt", "backslash name");
  Put(".git/config", "[core]");
  std::filesystem::create_directory_symlink(folder_ / "in", folder_ / "in/loop");
  std::filesystem::create_symlink("nowhere", folder_ / "in/broken");
  std::filesystem::create_symlink("self", folder_ / "in/self");
  WriteFile(folder_ / "outside/linked.txt", "reached by a link");
  std::filesystem::create_directory_symlink(folder_ / "outside", folder_ / "in/way");
  ASSERT_EQ(::mkfifo((folder_ / "in/pipe").c_str(), 0600), 0);
  Put("closed/x.txt", "x");
  ::chmod((folder_ / "in/closed").c_str(), 0);
  const Corpus corpus = Run();
  ::chmod((folder_ / "in/closed").c_str(), 0700);
  EXPECT_EQ(corpus.Text("good.txt"), "a good file");
  EXPECT_EQ(corpus.Text("latin-\\xE9.txt"), "latin name");
  EXPECT_EQ(corpus.Text("new\\nline.txt"), "newline name");
  EXPECT_EQ(corpus.Text("-rf.txt"), "a name like a flag");
  EXPECT_EQ(corpus.Text("back\\\\slash.txt"), "backslash name");
  EXPECT_EQ(corpus.Text("way/linked.txt"), "reached by a link");
  EXPECT_EQ(corpus.Fate("loop"), "dropped");
  EXPECT_EQ(corpus.Fate("broken"), "failed");
  EXPECT_EQ(corpus.Reason("self"), "a link that leads to itself");
  EXPECT_EQ(corpus.Fate("pipe"), "dropped");
  EXPECT_EQ(corpus.Fate(".git"), "dropped");
  if (::geteuid() != 0) {
    EXPECT_EQ(corpus.Fate("closed"), "failed");
  }
}

TEST_F(IngestRun, LinesAndPagesBeyondTheBounds) {
  Put("line.txt", std::string(100'000, 'x'));
  Put("fine.txt", "a short file");
  std::vector<std::string> pages(30, "");
  Put("pages.pdf", MakePdf(pages));
  IngestOptions options;
  options.part_bytes = 64 << 10;
  options.max_line_bytes = 70'000;
  options.max_pages = 20;
  const Corpus corpus = Run(options);
  EXPECT_EQ(corpus.Fate("line.txt"), "failed");
  EXPECT_NE(corpus.Reason("line.txt").find("70000"), std::string::npos);
  EXPECT_EQ(corpus.Fate("pages.pdf"), "failed");
  EXPECT_NE(corpus.Reason("pages.pdf").find("30 pages"), std::string::npos);
  EXPECT_EQ(corpus.Text("fine.txt"), "a short file");
}

TEST_F(IngestRun, FileThatGrowsWhileItIsRead) {
  Put("log.txt", Prose(1, 60'000));  // some 15 MB: not read at one stroke
  Put("fine.txt", "a quiet file");
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    std::ofstream log(folder_ / "in/log.txt", std::ios::app);
    while (!stop) {
      log << "one more line\n" << std::flush;
      ::usleep(200);
    }
  });
  const Corpus corpus = Run();
  stop = true;
  writer.join();
  EXPECT_EQ(corpus.Fate("log.txt"), "failed");
  EXPECT_NE(corpus.Reason("log.txt").find("while it was read"), std::string::npos);
  EXPECT_EQ(corpus.Text("fine.txt"), "a quiet file");
  // Once it is quiet it is read.
  EXPECT_EQ(Run().Field("log.txt", "taken"), "2");
}

// Takes a minute and 2 GB of disk: set SHEEPOP_LONG_TRIALS to run it.
TEST_F(IngestRun, LongTrials) {
  if (!std::getenv("SHEEPOP_LONG_TRIALS")) GTEST_SKIP() << "SHEEPOP_LONG_TRIALS is not set";
  std::filesystem::create_directories(folder_ / "in");
  {
    std::ofstream line(folder_ / "in/line.txt", std::ios::binary);
    const std::string piece(1 << 20, 'x');
    for (int i = 0; i < 2048; ++i) line << piece;
  }
  std::filesystem::copy_file(folder_ / "in/line.txt", folder_ / "in/line.jsonl");
  Put("pages.pdf", MakePdf(std::vector<std::string>(100'000, "")));
  Put("bomb.tar.gz", MakeArchive(Packing::kTarGz, {{"zeros.txt", std::string(1 << 30, '\0')}}));
  Put("fine.txt", "a short file");
  const Corpus corpus = Run();
  for (const char* name : {"line.txt", "line.jsonl", "pages.pdf", "bomb.tar.gz"}) {
    EXPECT_EQ(corpus.Fate(name), "failed") << name;
  }
  EXPECT_EQ(corpus.Text("fine.txt"), "a short file");
}

// In a child process, killed at some moment; then a run that is left alone. SHEEPOP_KILLS sets how often (a long trial
// takes 50 and more).
TEST_F(IngestRun, KilledRunsGoOn) {
  PutMixed();
  for (uint32_t i = 200; i < 260; ++i) Put(fmt::format("more/{}.txt", i), Prose(i, 60));
  IngestOptions options;
  options.inputs = {folder_ / "in"};
  options.output = folder_ / "undisturbed";
  Ingest(options);
  const std::string expected = Bytes("undisturbed");
  options.output = folder_ / "out";
  const char* wanted = std::getenv("SHEEPOP_KILLS");
  const int kills = wanted ? std::atoi(wanted) : 4;
  std::mt19937 random(1);
  for (int i = 0; i < kills; ++i) {
    const pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      try {
        Ingest(options);
      } catch (...) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    ::usleep(static_cast<useconds_t>(random() % 400'000));
    ::kill(pid, SIGKILL);
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    if (i % 10 == 9 || i + 1 == kills) {
      Ingest(options);
      ASSERT_EQ(Bytes(), expected) << "after kill " << i;
      if (i % 20 == 19) std::filesystem::remove_all(folder_ / "out");
    }
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "out")) {
    EXPECT_EQ(entry.path().string().find("partial"), std::string::npos) << entry.path();
  }
}

TEST_F(IngestRun, AccountNamesWhatMatters) {
  PutMixed();
  const Corpus corpus = Run();
  const std::string table = AccountTable(corpus.report);
  for (const char* words : {"documents", "tokens, estimated", "Duplicates", "Largest sources", "line 3 is no JSON"}) {
    EXPECT_NE(table.find(words), std::string::npos) << words << "\n" << table;
  }
  const IngestReport& report = corpus.report;
  EXPECT_EQ(report.inputs, report.taken + report.dropped + report.failed);
  ASSERT_EQ(report.losses.size(), report.dropped);
  ASSERT_GT(report.dropped, 0u);
  for (const Mishap& loss : report.losses) {
    const std::string line = std::filesystem::path(loss.source).filename().string() + ": " + loss.reason + "\n";
    EXPECT_GT(table.find(line), table.find("\nDropped\n")) << line << table;
    EXPECT_NE(table.find(line), std::string::npos) << line << table;
  }
}

}  // namespace
}  // namespace sheepop
