// Archives and streams that programs make and people pack.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <chrono>

#include "ingest/sniff.h"
#include "ingest/test_support.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

using std::string_view_literals::operator""sv;
using testing::Corpus;
using testing::MakeArchive;
using testing::Packing;
using testing::ReadFile;
using testing::RunIngest;
using testing::SharedPath;
using testing::TemporaryFolder;
using testing::WriteFile;

std::string Zstd(std::string_view bytes) {
  std::string packed;
  ZstdWriter writer([&](std::string_view piece) { packed += piece; }, 3, false);
  writer.Write(bytes);
  writer.Finish();
  return packed;
}

std::string Skippable(unsigned char kind, std::string_view bytes) {
  std::string frame = {static_cast<char>(0x50 + kind), '\x2A', '\x4D', '\x18'};
  for (int i = 0; i < 4; ++i) frame.push_back(static_cast<char>(bytes.size() >> (8 * i)));
  return frame + std::string(bytes);
}

class Archives : public ::testing::Test {
 protected:
  void Add(const std::string& name, std::string_view bytes) { WriteFile(folder_ / "in" / name, bytes); }
  Corpus Run(IngestOptions options = {}) { return RunIngest(folder_.path(), options); }
  TemporaryFolder folder_;
};

TEST_F(Archives, SkippableFramesOfZstd) {
  Add("parallel.txt.zst",
      Skippable(0, "\x10\0\0\0"sv) + Zstd("the first part\n") + Skippable(0, "size") + Zstd("the second\n"));
  Add("noted.txt.zst", Skippable(15, std::string(100'000, 'x')) + Skippable(7, "") + Zstd("behind two frames\n"));
  Add("records.jsonl.zst", Skippable(3, "seek") + Zstd("{\"text\": \"a record\"}\n{\"text\": \"another\"}\n"));
  Add("end.txt.zst", Zstd("a table of places follows\n") + Skippable(14, "table"));
  Add("other.zst", Skippable(2, "frame of something else") + "\x04\x22\x4D\x18 lz4 or whatever");
  Add("cut.zst", Skippable(2, "a frame that is cut off").substr(0, 12));
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("parallel.txt.zst"), "the first part\nthe second\n");
  EXPECT_EQ(corpus.Text("noted.txt.zst"), "behind two frames\n");
  EXPECT_EQ(corpus.Text("records.jsonl.zst#2"), "another");
  EXPECT_EQ(corpus.Text("end.txt.zst"), "a table of places follows\n");
  for (const char* name : {"other.zst", "cut.zst"}) EXPECT_NE(corpus.Fate(name), "taken") << name;
}

TEST_F(Archives, SkippableFramesOfLargeFiles) {
  std::string noise;
  uint32_t state = 1;
  while (noise.size() < Blob::kMemoryBytes + 1000)
    noise.push_back(static_cast<char>((state = state * 1664525 + 1013904223) >> 24));
  Add("large.txt.zst", Skippable(1, noise) + Zstd("behind a large frame\n"));
  EXPECT_EQ(Run().Text("large.txt.zst"), "behind a large frame\n");
}

TEST_F(Archives, RatiosAreThoseOfTheOutermostFile) {
  const std::string zeros(12 << 20, '\0');
  std::vector<std::pair<std::string, std::string>> members;
  const std::string inner = MakeArchive(Packing::kZip, {{"zeros.txt", zeros}});
  for (int i = 0; i < 16; ++i) members.emplace_back(fmt::format("{}.zip", i), inner);
  const std::string middle = MakeArchive(Packing::kTarGz, members);
  std::vector<std::pair<std::string, std::string>> many;
  for (int i = 0; i < 16; ++i) many.emplace_back(fmt::format("{}.tar.gz", i), middle);
  const std::string outer = MakeArchive(Packing::kTarGz, many);
  ASSERT_LT(outer.size(), 64u << 10);
  Add("nested.tar.gz", outer);
  Add("nested.tar.zst", MakeArchive(Packing::kTarZst, many));
  const auto begin = std::chrono::steady_clock::now();
  const Corpus corpus = Run();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
  EXPECT_GT(corpus.report.failed, 0u);
  EXPECT_NE(corpus.report.mishaps.at(0).reason.find("a compression bomb"), std::string::npos);
}

TEST_F(Archives, MembersOfOneName) {
  Add("twice.zip", MakeArchive(Packing::kZip, {{"letter.txt", "the first letter, about rain"},
                                               {"letter.txt", "the second letter, about snow"},
                                               {"letter.txt (2)", "a file that is called so"}}));
  Add("thrice.tar",
      MakeArchive(Packing::kTar, {{"a/b.txt", "one wind"}, {"a/b.txt", "two storms"}, {"a/b.txt", "three calms"}}));
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.Text("twice.zip!letter.txt"), "the first letter, about rain");
  EXPECT_EQ(corpus.Text("twice.zip!letter.txt (2)"), "the second letter, about snow");
  EXPECT_EQ(corpus.Text("twice.zip!letter.txt (2) (2)"), "a file that is called so");
  EXPECT_EQ(corpus.documents.size(), 6u);
}

TEST_F(Archives, ReportedInputs) {
  const auto reports = SharedPath("conformance/reports");
  if (!std::filesystem::exists(reports)) GTEST_SKIP() << reports << " is not there";
  for (const char* name : {"pzstd.jsonl.zst", "two_members_one_name.zip"}) Add(name, ReadFile(reports / name));
  const Corpus corpus = Run();
  EXPECT_EQ(corpus.documents.size(), 122u);
  EXPECT_EQ(corpus.Text("two_members_one_name.zip!letter.txt (2)"),
            "SECONDCOPY of the letter, wholly different words about snow.");
}

}  // namespace
}  // namespace sheepop
