// The part of a file that has been downloaded, with a note beside it of what it is a part of. One process at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace sheepop {

struct PartialNote {
  std::string url;
  std::string validator;           // ETag or date of the file; empty when the server sent none
  std::optional<uint64_t> length;  // of the whole file
  std::string linked;              // X-Linked-ETag, which may be its checksum

  bool operator==(const PartialNote&) const = default;
};

class PartialFile {
 public:
  // Opens or makes PATH.partial and locks it. Throws kIo, and kLimit when another process is at it.
  explicit PartialFile(std::filesystem::path path);
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;
  ~PartialFile();

  const std::filesystem::path& path() const { return partial_; }
  uint64_t size() const { return size_; }
  const PartialNote& note() const { return note_; }

  void Restart(const PartialNote& note);  // empty again, as the beginning of another file
  void Append(std::string_view bytes);    // throws kIo: a full disk keeps what is there
  void Finish();                          // to the disk, and under its own name
  void Discard();

 private:
  std::filesystem::path path_, partial_, note_path_;
  int fd_ = -1;
  uint64_t size_ = 0;
  PartialNote note_;
};

}  // namespace sheepop
