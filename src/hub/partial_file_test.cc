#include "hub/partial_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "base/error.h"
#include "testing/temporary_folder.h"

namespace sheepop {
namespace {

using testing::ReadFile;
using testing::TemporaryFolder;
using testing::WriteFile;

const PartialNote kNote{"http://host/file", "\"tag\"", 8, "linked"};

class Partial : public ::testing::Test {
 protected:
  std::filesystem::path path() const { return folder_ / "file"; }
  std::filesystem::path part() const { return folder_ / "file.partial"; }
  std::filesystem::path note() const { return folder_ / "file.partial.json"; }
  TemporaryFolder folder_;
};

TEST_F(Partial, GoesOnWithPartAndNoteOfAnotherProcess) {
  {
    PartialFile file(path());
    EXPECT_EQ(file.size(), 0u);
    file.Restart(kNote);
    file.Append("abc");
  }
  PartialFile file(path());
  EXPECT_EQ(file.size(), 3u);
  EXPECT_EQ(file.note(), kNote);
  file.Append("defgh");
  EXPECT_EQ(file.size(), 8u);
  file.Finish();
  EXPECT_EQ(ReadFile(path()), "abcdefgh");
  EXPECT_FALSE(std::filesystem::exists(part()));
  EXPECT_FALSE(std::filesystem::exists(note()));
}

TEST_F(Partial, ALengthThatIsNotKnownStaysUnknown) {
  PartialNote without = kNote;
  without.length.reset();
  {
    PartialFile file(path());
    file.Restart(without);
    file.Append("a");
  }
  EXPECT_EQ(PartialFile(path()).note(), without);
}

TEST_F(Partial, RestartDropsWhatWasThere) {
  PartialFile file(path());
  file.Restart(kNote);
  file.Append("old bytes");
  file.Restart({"http://host/other", "", std::nullopt, ""});
  EXPECT_EQ(file.size(), 0u);
  file.Append("new");
  EXPECT_EQ(ReadFile(part()), "new");
}

TEST_F(Partial, ANoteThatCannotBeReadIsNone) {
  for (const char* broken : {"", "{", "[]", R"({"url": 3})", R"({"url": "u", "validator": "v", "length": -1})"}) {
    WriteFile(part(), "abc");
    WriteFile(note(), broken);
    const PartialFile file(path());
    EXPECT_EQ(file.size(), 3u);
    EXPECT_EQ(file.note(), PartialNote()) << broken;
  }
}

TEST_F(Partial, OneProcessAtATime) {
  const PartialFile first(path());
  try {
    PartialFile second(path());
    FAIL() << "two at once";
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), ErrorCategory::kLimit);
    EXPECT_NE(std::string(error.what()).find(part().string()), std::string::npos);
  }
}

TEST_F(Partial, DiscardLeavesNothing) {
  PartialFile file(path());
  file.Restart(kNote);
  file.Append("abc");
  file.Discard();
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

}  // namespace
}  // namespace sheepop
