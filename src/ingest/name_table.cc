#include "ingest/name_table.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace sheepop {
namespace {

int OpenUnnamed(WorkFolder& work) {
  const auto path = work.NewPath("names");
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) throw SystemError("cannot write a temporary file", errno);
  ::unlink(path.c_str());
  return fd;
}

}  // namespace

NameTable::NameTable(WorkFolder& work) : names_fd_(OpenUnnamed(work)), places_fd_(OpenUnnamed(work)) {}

NameTable::~NameTable() {
  ::close(names_fd_);
  ::close(places_fd_);
}

void NameTable::Append(int fd, std::string_view bytes, uint64_t at) const {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw SystemError("cannot write a temporary file", errno);
    at += static_cast<uint64_t>(n);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

std::string NameTable::ReadAt(int fd, uint64_t at, size_t size) const {
  std::string bytes(size, '\0');
  for (size_t done = 0; done < size;) {
    const ssize_t n = ::pread(fd, bytes.data() + done, size - done, static_cast<off_t>(at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw SystemError("cannot read a temporary file", errno);
    done += static_cast<size_t>(n);
  }
  return bytes;
}

void NameTable::Add(std::string_view name) {
  Append(names_fd_, name, names_bytes_);
  names_bytes_ += name.size();
  Append(places_fd_, {reinterpret_cast<const char*>(&names_bytes_), sizeof(names_bytes_)}, count_++ * sizeof(uint64_t));
}

std::string NameTable::Get(uint64_t number) const {
  const auto end_of = [&](uint64_t n) {
    uint64_t end = 0;
    std::memcpy(&end, ReadAt(places_fd_, n * sizeof(end), sizeof(end)).data(), sizeof(end));
    return end;
  };
  const uint64_t begin = number == 0 ? 0 : end_of(number - 1);
  return ReadAt(names_fd_, begin, end_of(number) - begin);
}

}  // namespace sheepop
