#include <fmt/core.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>

#include "base/error.h"
#include "base/file_writer.h"
#include "base/folder_lock.h"
#include "base/huge_buffer.h"
#include "base/mapped_file.h"

namespace sheepop {
namespace {

class Files : public ::testing::Test {
 protected:
  Files() : folder_(std::filesystem::path(::testing::TempDir()) / "sheepop_files") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  std::string Read(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  std::filesystem::path folder_;
};

TEST_F(Files, CommitReplacesWhole) {
  const auto path = folder_ / "a";
  std::ofstream(path) << "old";
  {
    FileWriter writer(path);
    writer.Write("new and ");
    EXPECT_EQ(Read(path), "old");
    writer.Write(std::string(3 << 20, 'x'));
    writer.Commit();
  }
  EXPECT_EQ(Read(path), "new and " + std::string(3 << 20, 'x'));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(Files, WithoutCommitNothingChanges) {
  const auto path = folder_ / "a";
  std::ofstream(path) << "old";
  {
    FileWriter(path).Write("new");
  }
  EXPECT_EQ(Read(path), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(Files, FullDiskIsAnErrorAndKeepsTheOldFile) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "/dev/full is absent";
  const auto path = folder_ / "a";
  std::filesystem::create_symlink("/dev/full",
                                  std::filesystem::path(path.string() + fmt::format(".partial-{}", getpid())));
  FileWriter writer(path);
  writer.Write("new");
  writer.Expect(123456789);
  try {
    writer.Commit();
    ADD_FAILURE() << "a full disk was written to";
  } catch (const Error& error) {
    // The file that was asked for, not the one that is written meanwhile.
    EXPECT_TRUE(
        std::string_view(error.what()).starts_with("cannot write " + path.string() + ", which takes 123456789 bytes"))
        << error.what();
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(Files, MapsWholeFileAndEmptyFile) {
  std::ofstream(folder_ / "a") << "hello";
  std::ofstream(folder_ / "empty");
  EXPECT_EQ(MappedFile::Open(folder_ / "a").bytes().size(), 5u);
  EXPECT_EQ(MappedFile::Open(folder_ / "empty").bytes().size(), 0u);
}

TEST_F(Files, MapErrorsNameTheFile) {
  for (const auto& [path, category] :
       {std::pair{folder_ / "absent", ErrorCategory::kNotFound}, std::pair{folder_, ErrorCategory::kInvalidArgument}}) {
    try {
      MappedFile::Open(path);
      ADD_FAILURE() << "must throw";
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), category);
      EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos);
    }
  }
}

TEST_F(Files, FolderIsLockedForOne) {
  const auto path = folder_ / "a" / "b";
  {
    const FolderLock lock(path);
    try {
      const FolderLock second(path);
      ADD_FAILURE() << "must throw";
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), ErrorCategory::kIo);
      EXPECT_EQ(std::string(error.what()), path.string() + " is in use by another run; wait for its end, or end it");
    }
    const FolderLock none{std::filesystem::path()}, other_none{std::filesystem::path()};
  }
  const FolderLock again(path);
}

TEST_F(Files, FolderLockWaitsForOneThatIsAboutToEnd) {
  auto first = std::make_unique<FolderLock>(folder_);
  std::thread end([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    first.reset();
  });
  EXPECT_NO_THROW(FolderLock{folder_});
  end.join();
}

TEST(HugeBuffer, IsZeroedAlignedAndMovable) {
  HugeBuffer buffer(5 << 20);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % (2 << 20), 0u);
  for (std::byte byte : buffer.bytes()) ASSERT_EQ(byte, std::byte{0});
  const std::byte* data = buffer.data();
  HugeBuffer moved = std::move(buffer);
  EXPECT_EQ(moved.data(), data);
  EXPECT_EQ(buffer.data(), nullptr);
}

TEST(HugeBuffer, RefusesTheImpossible) { EXPECT_THROW(HugeBuffer(SIZE_MAX / 2), Error); }

}  // namespace
}  // namespace sheepop
