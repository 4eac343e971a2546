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
  void Write(const char* group, const char* text) { std::ofstream(root_ / group / "cpu.max") << text; }
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

}  // namespace
}  // namespace sheepop
