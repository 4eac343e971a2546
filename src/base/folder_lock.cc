#include "base/folder_lock.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "base/error.h"

namespace sheepop {

FolderLock::FolderLock(const std::filesystem::path& folder) {
  if (folder.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw SystemError(fmt::format("cannot create {}", folder.string()), error.value());
  fd_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd_ < 0) throw SystemError(fmt::format("cannot open {}", folder.string()), errno);
  for (int attempt = 0; ::flock(fd_, LOCK_EX | LOCK_NB) != 0; ++attempt) {
    const int problem = errno;
    if (problem != EWOULDBLOCK || attempt == 20) {
      ::close(fd_);
      if (problem != EWOULDBLOCK) throw SystemError(fmt::format("cannot lock {}", folder.string()), problem);
      throw Error(ErrorCategory::kIo, "{} is in use by another run; wait for its end, or end it", folder.string());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

FolderLock::~FolderLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace sheepop
