// The bytes of an input: a file, or a member of an archive held in memory or in a temporary file.
#pragma once

#include <sys/stat.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace sheepop {

// A folder for temporary files, removed with all it holds when destroyed. Made on first use. Safe from any thread.
class WorkFolder {
 public:
  explicit WorkFolder(std::filesystem::path path);
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  ~WorkFolder();

  // A path in this folder that no one else uses: "17-SUFFIX". Converters run in folders made from it.
  std::filesystem::path NewPath(std::string_view suffix);
  std::filesystem::path NewFolder();

 private:
  std::filesystem::path path_;
  std::atomic<uint64_t> next_{0};
};

// What tells whether a file has changed.
struct FileStamp {
  uint64_t device = 0, inode = 0, size = 0;
  int64_t modified_ns = 0, changed_ns = 0;
  bool operator==(const FileStamp&) const = default;
};

FileStamp StampOf(const struct stat& info);

// Copies share the bytes.
class Blob {
 public:
  static constexpr uint64_t kMemoryBytes = 8 << 20;  // larger blobs stay in their file

  // Opens a regular file; one of at most kMemoryBytes is read at once, so that what is hashed is what is read.
  // Throws kIo, or kNotFound.
  static Blob OfFile(const std::filesystem::path& path);
  static Blob OfBytes(std::string bytes);
  // Takes over a temporary file, which is removed with the last copy.
  static Blob OfTemporary(const std::filesystem::path& path);

  uint64_t size() const { return size_; }
  const FileStamp& stamp() const { return stamp_; }

  // True when the file is still what it was when opened. Blobs in memory have no file and are never changed.
  bool Unchanged() const;

  // The first or last bytes, at most `size`.
  std::string Head(size_t size) const;
  std::string Tail(size_t size) const;
  // From `offset` on, at most `size` bytes; "" at and behind the end.
  std::string ReadAt(uint64_t offset, size_t size) const;

  // All bytes; throws kLimit, naming `limit`, when there are more.
  std::string ReadAll(uint64_t limit) const;

  // Calls `take` with consecutive pieces until it returns false. Reads at most size() bytes of a file that grows.
  void ForEachPiece(const std::function<bool(std::string_view)>& take) const;

  const std::string* memory() const { return bytes_.get(); }   // null for a large file
  const std::filesystem::path& path() const { return path_; }  // empty for bytes that never were a file

  // An absolute path that a converter can open; written into `work` when the bytes are only in memory.
  std::filesystem::path PathFor(WorkFolder& work, std::string_view suffix) const;

 private:
  std::shared_ptr<const std::string> bytes_;  // null for a large file
  std::filesystem::path path_;
  std::shared_ptr<void> temporary_;
  FileStamp stamp_;
  uint64_t size_ = 0;
};

}  // namespace sheepop
