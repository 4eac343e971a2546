// A folder that one process at a time may write to. The lock ends with the process, however that ends.
#pragma once

#include <filesystem>

namespace sheepop {

class FolderLock {
 public:
  // Creates the folder and locks it; an empty path locks nothing. Throws kIo when another run holds the lock still after
  // two seconds: one that was just killed, or a program it was about to start, may still be on its way out.
  explicit FolderLock(const std::filesystem::path& folder);
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();

 private:
  int fd_ = -1;
};

}  // namespace sheepop
