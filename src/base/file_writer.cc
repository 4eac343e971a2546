#include "base/file_writer.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <utility>

#include "base/error.h"
#include "base/output_path.h"
#include "base/sha256.h"

namespace sheepop {
namespace {

constexpr size_t kBufferBytes = 1 << 20;

// /dev/stdout, /dev/fd/N and their kind: whoever opened the file would not see another one in its place.
bool IsOpenFile(std::filesystem::path path) {
  std::error_code none;
  for (int links = 0; links < 40 && std::filesystem::is_symlink(path, none); ++links) {
    if (std::filesystem::canonical(path.parent_path(), none).string().starts_with("/proc/")) return true;
    path = path.parent_path() / std::filesystem::read_symlink(path, none);
  }
  return false;
}

}  // namespace

FileWriter::FileWriter(std::filesystem::path path) : path_(std::move(path)), target_(FollowLinks(path_)) {
  struct stat status{};
  const bool there = ::stat(path_.c_str(), &status) == 0;
  if (there && S_ISDIR(status.st_mode)) {
    throw Error(ErrorCategory::kIo, "{} is a folder; name a file", path_.string());
  }
  if (there && (!S_ISREG(status.st_mode) || IsOpenFile(path_))) {
    fd_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  } else {
    temporary_ = target_;
    temporary_ += fmt::format(".partial-{}", ::getpid());
    fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd_ >= 0 && there) ::fchmod(fd_, status.st_mode & 07777);
  }
  if (fd_ < 0) {
    const int reason = errno;
    const std::filesystem::path folder = target_.has_parent_path() ? target_.parent_path() : ".";
    std::error_code none;
    if (reason == ENOENT && !std::filesystem::exists(folder, none)) {
      throw Error(ErrorCategory::kNotFound, "cannot create {}: there is no folder {}; make it, or name another file",
                  path_.string(), folder.string());
    }
    throw SystemError(fmt::format("cannot create {}", path_.string()), reason);
  }
  buffer_.reserve(kBufferBytes);
}

FileWriter::~FileWriter() {
  if (fd_ < 0) return;
  ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void FileWriter::Write(std::span<const std::byte> bytes) {
  written_ += bytes.size();
  if (digest_) digest_->Update({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (buffer_.size() + bytes.size() > kBufferBytes) Flush();
  if (bytes.size() < kBufferBytes) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return;
  }
  WriteAll(bytes);
}

void FileWriter::Flush() {
  WriteAll(buffer_);
  buffer_.clear();
}

void FileWriter::WriteAll(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) Fail("write", errno);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
}

void FileWriter::Fail(std::string_view what, int error_number) const {
  const std::string tried = fmt::format("cannot {} {}", what, path_.string());
  const bool full = error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG;
  struct statvfs disk{};
  if (!full || temporary_.empty() || ::fstatvfs(fd_, &disk) != 0) throw SystemError(tried, error_number);
  // What lies in the temporary file already is given back.
  const auto there = ::lseek(fd_, 0, SEEK_CUR);
  const uint64_t free = uint64_t{disk.f_bavail} * disk.f_frsize + static_cast<uint64_t>(std::max<off_t>(0, there));
  throw SystemError(fmt::format("{}, which takes {}{} bytes where {} are free; make room or name another place", tried,
                                expected_ ? "" : "at least ", std::max(expected_, written_), free),
                    error_number);
}

void FileWriter::BeginDigest() { digest_ = std::make_unique<Sha256>(); }

std::string FileWriter::Digest() { return std::exchange(digest_, nullptr)->Hex(); }

void FileWriter::Commit() {
  Flush();
  // What is no disk has nothing to sync.
  if (::fsync(fd_) != 0 && (!temporary_.empty() || (errno != EINVAL && errno != EROFS))) Fail("sync", errno);
  const int closed = ::close(std::exchange(fd_, -1));
  if (closed != 0 || (!temporary_.empty() && ::rename(temporary_.c_str(), target_.c_str()) != 0)) {
    const int error = errno;
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
    throw SystemError(fmt::format("cannot write {}", path_.string()), error);
  }
  if (temporary_.empty()) return;
  // The rename itself must reach the disk too, or a power cut could bring the old file back.
  const auto folder = target_.has_parent_path() ? target_.parent_path() : std::filesystem::path(".");
  const int folder_fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd >= 0) {
    ::fsync(folder_fd);
    ::close(folder_fd);
  }
}

void RemoveAbandonedPartials(const std::filesystem::path& folder, std::string_view name) {
  constexpr std::string_view kMark = ".partial-";
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder.empty() ? "." : folder, ignored)) {
    const std::string file = entry.path().filename().string();
    const size_t mark = file.rfind(kMark);
    if (mark == std::string::npos || (!name.empty() && file.substr(0, mark) != name)) continue;
    const std::string_view digits = std::string_view(file).substr(mark + kMark.size());
    pid_t writer = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), writer);
    if (error != std::errc() || end != digits.data() + digits.size() || writer <= 0) continue;
    // This process writes none yet: its number was another's before.
    if (writer == ::getpid() || (::kill(writer, 0) != 0 && errno == ESRCH)) ::unlink(entry.path().c_str());
  }
}

}  // namespace sheepop
