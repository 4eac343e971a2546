#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

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
#include "base/output_path.h"

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

TEST_F(Files, ALinkIsFollowed) {
  std::filesystem::create_directory(folder_ / "other");
  std::ofstream(folder_ / "other" / "target") << "old";
  std::filesystem::create_symlink("other/target", folder_ / "near");
  std::filesystem::create_symlink(folder_ / "near", folder_ / "far");
  std::filesystem::create_symlink("other/absent", folder_ / "dangling");
  for (const auto& [name, target] : {std::pair{"far", "target"}, std::pair{"dangling", "absent"}}) {
    FileWriter writer(folder_ / name);
    writer.Write("new");
    writer.Commit();
    EXPECT_TRUE(std::filesystem::is_symlink(folder_ / name)) << name;
    EXPECT_FALSE(std::filesystem::is_symlink(folder_ / "other" / target)) << name;
    EXPECT_EQ(Read(folder_ / "other" / target), "new") << name;
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_ / "other"), {}), 2);
}

TEST_F(Files, LinksInACircleAreAnError) {
  std::filesystem::create_symlink("b", folder_ / "a");
  std::filesystem::create_symlink("a", folder_ / "b");
  EXPECT_THROW(FileWriter(folder_ / "a"), Error);
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "a"));
}

TEST_F(Files, ADeviceIsWrittenThrough) {
  std::filesystem::create_symlink("/dev/null", folder_ / "null");
  FileWriter writer(folder_ / "null");
  writer.Write("new");
  writer.Commit();
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "null"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST_F(Files, AFullDeviceIsAnErrorAndStays) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "/dev/full is absent";
  std::filesystem::create_symlink("/dev/full", folder_ / "full");
  FileWriter writer(folder_ / "full");
  writer.Write("new");
  EXPECT_THROW(writer.Commit(), Error);
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST_F(Files, APipeIsWrittenThrough) {
  const auto path = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  {
    FileWriter writer(path);
    writer.Write("new");
    writer.Commit();
  }
  char text[8]{};
  EXPECT_EQ(::read(reader, text, sizeof(text)), 3);
  EXPECT_STREQ(text, "new");
  EXPECT_EQ(::read(reader, text, sizeof(text)), 0);
  ::close(reader);
  EXPECT_TRUE(std::filesystem::is_fifo(path));
}

TEST_F(Files, AnOpenFileIsWrittenThroughItsNumber) {
  const auto path = folder_ / "a";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_EQ(::write(fd, "old ", 4), 4);
  FileWriter writer(fmt::format("/dev/fd/{}", fd));
  writer.Write("new");
  writer.Commit();
  EXPECT_EQ(Read(path), "old new");
  ::close(fd);
}

TEST_F(Files, AFolderIsRefusedAtOnce) {
  EXPECT_THROW(FileWriter{folder_}, Error);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 0);
}

TEST_F(Files, PermissionsStay) {
  const auto path = folder_ / "secret";
  std::ofstream(path) << "old";
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  FileWriter writer(path);
  writer.Write("new");
  writer.Commit();
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(Files, AnInputIsNoOutput) {
  const auto in = folder_ / "in", text = in / "a.txt";
  std::filesystem::create_directories(in);
  std::ofstream(text) << "old";
  std::filesystem::create_directory_symlink(in, folder_ / "link");
  std::filesystem::create_hard_link(text, folder_ / "hard");
  for (const auto& [output, input] : {std::pair{text, text}, std::pair{in, in}, std::pair{in / "new" / "x", in},
                                      std::pair{folder_ / "link" / "x", in}, std::pair{in / "x", folder_ / "link"},
                                      std::pair{folder_ / "hard", text}, std::pair{in / ".." / "in" / "x", in}}) {
    EXPECT_THROW(RefuseInput(output, input), Error) << output << " of " << input;
  }
  for (const auto& [output, input] :
       {std::pair{folder_ / "inner", in}, std::pair{in / "b.txt", text}, std::pair{folder_ / "out" / "x", in},
        std::pair{folder_ / "x", folder_ / "absent"}}) {
    EXPECT_NO_THROW(RefuseInput(output, input)) << output << " of " << input;
  }
}

TEST_F(Files, WhatIsThereIsReplacedByForceAlone) {
  const auto path = folder_ / "a";
  EXPECT_NO_THROW(RefuseExisting(path, false));
  std::ofstream(path) << "";
  EXPECT_NO_THROW(RefuseExisting(path, false));
  std::ofstream(path) << "old";
  EXPECT_THROW(RefuseExisting(path, false), Error);
  EXPECT_NO_THROW(RefuseExisting(path, true));
  EXPECT_NO_THROW(RefuseExisting("/dev/null", false));
}

TEST_F(Files, MapsWholeFileAndEmptyFile) {
  std::ofstream(folder_ / "a") << "hello";
  std::ofstream(folder_ / "empty") << "";
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
  EXPECT_EQ(buffer.data(), nullptr);  // NOLINT(bugprone-use-after-move): what a move leaves is stated
}

TEST(HugeBuffer, RefusesTheImpossible) { EXPECT_THROW(HugeBuffer(SIZE_MAX / 2), Error); }

}  // namespace
}  // namespace sheepop
