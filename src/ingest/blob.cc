#include "ingest/blob.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/error.h"

namespace sheepop {
namespace {

constexpr size_t kPieceBytes = 1 << 20;

class File {
 public:
  explicit File(const std::filesystem::path& path)
      // Without O_NONBLOCK a pipe that took the file's place since the walk would hang the run.
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {
    if (fd_ < 0) throw SystemError("cannot open", errno);
  }
  ~File() { ::close(fd_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  struct stat Stat() const {
    struct stat info{};
    if (::fstat(fd_, &info) != 0) throw SystemError("cannot read", errno);
    if (!S_ISREG(info.st_mode)) throw Error(ErrorCategory::kInvalidArgument, "not a regular file");
    return info;
  }

  size_t ReadAt(uint64_t offset, char* out, size_t size) const {
    size_t done = 0;
    while (done < size) {
      const ssize_t n = ::pread(fd_, out + done, size - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw SystemError("cannot read", errno);
      if (n == 0) break;
      done += static_cast<size_t>(n);
    }
    return done;
  }

 private:
  int fd_;
};

int64_t Nanoseconds(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

}  // namespace

WorkFolder::WorkFolder(std::filesystem::path path) : path_(std::filesystem::absolute(path)) {}

WorkFolder::~WorkFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path WorkFolder::NewPath(std::string_view suffix) {
  std::filesystem::create_directories(path_);
  return path_ / fmt::format("{}-{}", next_++, suffix);
}

std::filesystem::path WorkFolder::NewFolder() {
  auto path = NewPath("work");
  std::filesystem::create_directory(path);
  return path;
}

FileStamp StampOf(const struct stat& info) {
  return {.device = info.st_dev,
          .inode = info.st_ino,
          .size = static_cast<uint64_t>(info.st_size),
          .modified_ns = Nanoseconds(info.st_mtim),
          .changed_ns = Nanoseconds(info.st_ctim)};
}

Blob Blob::OfFile(const std::filesystem::path& path) {
  const File file(path);
  Blob blob;
  blob.path_ = std::filesystem::absolute(path);
  blob.stamp_ = StampOf(file.Stat());
  blob.size_ = blob.stamp_.size;
  if (blob.size_ <= kMemoryBytes) {
    std::string bytes(blob.size_, '\0');
    bytes.resize(file.ReadAt(0, bytes.data(), bytes.size()));
    if (bytes.size() != blob.size_ || StampOf(file.Stat()) != blob.stamp_) {
      throw Error(ErrorCategory::kIo, "changed while it was read; the next run reads it again");
    }
    blob.bytes_ = std::make_shared<const std::string>(std::move(bytes));
  }
  return blob;
}

Blob Blob::OfBytes(std::string bytes) {
  Blob blob;
  blob.size_ = bytes.size();
  blob.bytes_ = std::make_shared<const std::string>(std::move(bytes));
  return blob;
}

Blob Blob::OfTemporary(const std::filesystem::path& path) {
  Blob blob = OfFile(path);
  blob.temporary_ = std::shared_ptr<void>(nullptr, [path](void*) { ::unlink(path.c_str()); });
  return blob;
}

bool Blob::Unchanged() const {
  if (path_.empty()) return true;
  struct stat info{};
  return ::stat(path_.c_str(), &info) == 0 && StampOf(info) == stamp_;
}

std::string Blob::ReadAt(uint64_t offset, size_t size) const {
  if (offset >= size_) return "";
  if (bytes_) return bytes_->substr(offset, size);
  const File file(path_);
  std::string bytes(std::min<uint64_t>(size, size_ - offset), '\0');
  bytes.resize(file.ReadAt(offset, bytes.data(), bytes.size()));
  return bytes;
}

std::string Blob::Head(size_t size) const { return ReadAt(0, size); }

std::string Blob::Tail(size_t size) const { return ReadAt(size_ - std::min<uint64_t>(size, size_), size); }

std::string Blob::ReadAll(uint64_t limit) const {
  if (size_ > limit) {
    throw Error(ErrorCategory::kLimit, "{} bytes, and at most {} of this kind are read at once; split it", size_,
                limit);
  }
  return Head(size_);
}

void Blob::ForEachPiece(const std::function<bool(std::string_view)>& take) const {
  if (bytes_) {
    for (size_t at = 0; at < bytes_->size(); at += kPieceBytes) {
      if (!take(std::string_view(*bytes_).substr(at, kPieceBytes))) return;
    }
    return;
  }
  const File file(path_);
  std::vector<char> buffer(kPieceBytes);
  for (uint64_t at = 0; at < size_;) {
    const size_t n = file.ReadAt(at, buffer.data(), std::min<uint64_t>(buffer.size(), size_ - at));
    if (n == 0) throw Error(ErrorCategory::kIo, "became shorter while it was read; the next run reads it again");
    if (!take({buffer.data(), n})) return;
    at += n;
  }
}

std::filesystem::path Blob::PathFor(WorkFolder& work, std::string_view suffix) const {
  if (!path_.empty()) return path_;
  auto path = work.NewPath(suffix);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) throw SystemError("cannot write a temporary file", errno);
  size_t done = 0;
  while (done < bytes_->size()) {
    const ssize_t n = ::write(fd, bytes_->data() + done, bytes_->size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      ::close(fd);
      throw SystemError("cannot write a temporary file", error);
    }
    done += static_cast<size_t>(n);
  }
  ::close(fd);
  return path;
}

}  // namespace sheepop
