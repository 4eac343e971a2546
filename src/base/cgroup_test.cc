#include "base/cgroup.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sheepop {
namespace {

class Quota : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() / ("sheepop_cgroup_" + std::to_string(::getpid()));
    std::filesystem::create_directories(root_ / "user.slice/app.scope");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void Write(const char* group, const char* text) { WriteFile(group, "cpu.max", text); }
  void WriteFile(const char* group, const char* file, const char* text) { std::ofstream(root_ / group / file) << text; }
  size_t Left(std::string_view membership) { return MemoryLeft(membership, root_); }
  size_t Processors(std::string_view membership) { return QuotaProcessors(membership, root_); }

  std::filesystem::path root_;
};

TEST_F(Quota, NoneWhereNoGroupHasOne) {
  EXPECT_EQ(Processors(""), 0u);
  Write("user.slice", "max 100000\n");
  EXPECT_EQ(Processors("0::/user.slice/app.scope\n"), 0u);
}

TEST_F(Quota, OfTheRoot) {
  Write("", "150000 100000\n");
  EXPECT_EQ(Processors("0::/\n"), 2u);
  EXPECT_EQ(Processors("0::/not/mounted/here\n"), 2u);
}

TEST_F(Quota, OfANestedGroupAndThoseAboveIt) {
  Write("user.slice/app.scope", "400000 100000\n");
  EXPECT_EQ(Processors("4:memory:/elsewhere\n0::/user.slice/app.scope\n"), 4u);
  Write("user.slice", "100000 50000\n");
  EXPECT_EQ(Processors("0::/user.slice/app.scope\n"), 2u);
  EXPECT_EQ(Processors("0::/\n"), 0u);
}

TEST_F(Quota, NeverLessThanOneProcessor) {
  Write("user.slice", "1000 100000\n");
  EXPECT_EQ(Processors("0::/user.slice\n"), 1u);
}

TEST_F(Quota, WhatIsNoQuotaIsNone) {
  for (const char* text : {"", "warm 100000", "-5 100000", "5", "5 0"}) {
    Write("user.slice", text);
    EXPECT_EQ(Processors("0::/user.slice\n"), 0u) << text;
  }
}

using Memory = Quota;

TEST_F(Memory, WithoutALimitNoneIsSaid) {
  EXPECT_EQ(Left("0::/user.slice/app.scope\n"), 0u);
  WriteFile("user.slice", "memory.max", "max\n");
  WriteFile("user.slice", "memory.current", "1000\n");
  EXPECT_EQ(Left("0::/user.slice/app.scope\n"), 0u);
}

TEST_F(Memory, TheLeastOfTheGroupsAboveCounts) {
  WriteFile("", "memory.max", "9000000\n");
  WriteFile("user.slice", "memory.max", "5000000\n");
  WriteFile("user.slice", "memory.current", "2000000\n");
  WriteFile("user.slice/app.scope", "memory.max", "4000000\n");
  EXPECT_EQ(Left("0::/user.slice/app.scope\n"), 3000000u);
  EXPECT_EQ(Left("0::/\n"), 9000000u);
}

TEST_F(Memory, CachedFilesThatNobodyUsesAreFree) {
  WriteFile("user.slice", "memory.max", "5000000\n");
  WriteFile("user.slice", "memory.current", "4900000\n");
  WriteFile("user.slice", "memory.stat", "anon 1000000\nfile 3900000\ninactive_file 3000000\nactive_file 900000\n");
  EXPECT_EQ(Left("0::/user.slice\n"), 3100000u);
}

TEST_F(Memory, AFullGroupLeavesNoMoreThanAByte) {
  WriteFile("user.slice", "memory.max", "5000000\n");
  WriteFile("user.slice", "memory.current", "5900000\n");
  EXPECT_EQ(Left("0::/user.slice\n"), 1u);
}

}  // namespace
}  // namespace sheepop
