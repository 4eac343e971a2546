// Writes a file so that readers see the old one or the whole new one, never a part: bytes go to PATH.partial-PID in the
// same folder, Commit() syncs and renames. Destroyed without Commit(), the temporary file is removed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace sheepop {

class FileWriter {
 public:
  explicit FileWriter(std::filesystem::path path);
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;
  ~FileWriter();

  void Write(std::span<const std::byte> bytes);
  void Write(std::string_view text) { Write(std::as_bytes(std::span(text))); }
  uint64_t written() const { return written_; }

  // Throws kIo when a write, the sync or the rename failed (a full disk, say); the old file is then untouched.
  void Commit();

 private:
  void Flush();
  void WriteAll(std::span<const std::byte> bytes);

  std::filesystem::path path_, temporary_;
  int fd_ = -1;
  uint64_t written_ = 0;
  std::vector<std::byte> buffer_;
};

// Removes the temporary files of killed processes: FOLDER/NAME.partial-PID where no process PID runs. `name` empty: any.
void RemoveAbandonedPartials(const std::filesystem::path& folder, std::string_view name = {});

}  // namespace sheepop
