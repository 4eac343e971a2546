#include "base/child_process.h"

#include <gtest/gtest.h>

#include <chrono>

#include "testing/temporary_folder.h"

namespace sheepop {
namespace {

ChildResult Shell(const std::string& script, const ChildLimits& limits = {}) {
  return RunChild({.arguments = {"sh", "-c", script}, .folder = {}, .environment = {}}, limits);
}

TEST(ChildProcess, CapturesBothStreamsAndTheCode) {
  const ChildResult result = Shell("echo out; echo err >&2; exit 3");
  EXPECT_EQ(result.outcome, ChildOutcome::kExited);
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.errors, "err\n");
}

TEST(ChildProcess, HasNoInputAndNoSecrets) {
  ::setenv("SHEEPOP_TEST_SECRET", "hidden", 1);
  EXPECT_EQ(Shell("cat; echo \"[$SHEEPOP_TEST_SECRET]\"").output, "[]\n");
}

TEST(ChildProcess, MissingProgram) {
  const ChildResult result = RunChild({.arguments = {"no-such-converter"}, .folder = {}, .environment = {}}, {});
  EXPECT_EQ(result.outcome, ChildOutcome::kMissing);
}

TEST(ChildProcess, Limits) {
  ChildLimits limits;
  limits.output_bytes = 1000;
  EXPECT_EQ(Shell("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", limits).outcome, ChildOutcome::kOutputLimit);
  limits = {};
  limits.cpu_seconds = 1;
  EXPECT_EQ(Shell("while :; do :; done", limits).outcome, ChildOutcome::kCpuLimit);
  limits = {};
  limits.wall_seconds = 1;
  EXPECT_EQ(Shell("sleep 60", limits).outcome, ChildOutcome::kWallLimit);
  EXPECT_EQ(Shell("exec >&- 2>&-; sleep 60", limits).outcome, ChildOutcome::kWallLimit);
}

TEST(ChildProcess, EndsWhenItIsUnwanted) {
  const auto begin = std::chrono::steady_clock::now();
  int asked = 0;
  const ChildResult result = RunChild({.arguments = {"sh", "-c", "echo out; sleep 60"},
                                       .folder = {},
                                       .environment = {},
                                       .unwanted = [&] { return ++asked > 2; }},
                                      {});
  EXPECT_EQ(result.outcome, ChildOutcome::kUnwanted);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(ChildProcess, GrandchildrenDoNotOutliveIt) {
  const testing::TemporaryFolder folder;
  const std::string mark = (folder / "mark").string();
  const auto begin = std::chrono::steady_clock::now();
  // The grandchild keeps stdout open; its end must not be waited for once the limit is over.
  ChildLimits limits;
  limits.wall_seconds = 1;
  Shell("(sleep 3; echo alive > " + mark + ") & exit 0", limits);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
  ::sleep(3);
  EXPECT_FALSE(std::filesystem::exists(mark));
}

}  // namespace
}  // namespace sheepop
