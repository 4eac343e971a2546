#include "hub/models.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "testing/temporary_folder.h"

namespace sheepop {
namespace {

class Models : public ::testing::Test {
 protected:
  Models() {
    std::filesystem::create_directories(folder_ / "models");
    ::setenv("SHEEPOP_HOME", folder_.path().c_str(), 1);
  }
  ~Models() override { ::unsetenv("SHEEPOP_HOME"); }
  testing::TemporaryFolder folder_;
};

TEST_F(Models, ANameIsAFileOrAFolderOfTheHome) {
  testing::WriteFile(folder_ / "models/one.gguf", "x");
  std::filesystem::create_directories(folder_ / "models/two");
  EXPECT_EQ(FindModel("one"), folder_ / "models/one.gguf");
  EXPECT_EQ(FindModel("one.gguf"), folder_ / "models/one.gguf");
  EXPECT_EQ(FindModel("two"), folder_ / "models/two");
}

TEST_F(Models, APathIsTakenAsItIs) {
  testing::WriteFile(folder_ / "mine.gguf", "x");
  EXPECT_EQ(FindModel((folder_ / "mine.gguf").string()), folder_ / "mine.gguf");
}

TEST_F(Models, WhatIsNowhereIsRefusedWithTheWayOut) {
  testing::WriteFile(folder_ / "outside.gguf", "x");
  for (const char* name : {"nothing", "", "../outside", "models/one"}) {
    try {
      FindModel(name);
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), ErrorCategory::kNotFound);
      EXPECT_NE(std::string(error.what()).find("sheepop pull"), std::string::npos);
    }
  }
}

TEST_F(Models, AnEmptyHomeIsNone) {
  ::setenv("SHEEPOP_HOME", "", 1);
  EXPECT_EQ(SheepopHome().filename(), "sheepop");
}

}  // namespace
}  // namespace sheepop
