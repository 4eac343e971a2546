// Writes a file so that readers see the old one or the whole new one, never a part: bytes go to PATH.partial-PID in the
// same folder, Commit() syncs and renames. Destroyed without Commit(), the temporary file is removed. Links are followed:
// what they lead to is written, and they stay. A file that is replaced keeps its permissions. What cannot be replaced (a
// device, a pipe, /dev/stdout and its kind) is written through as the bytes come; of a pipe the constructor waits for the
// reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sheepop {

class Sha256;

class FileWriter {
 public:
  explicit FileWriter(std::filesystem::path path);
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;
  ~FileWriter();

  void Write(std::span<const std::byte> bytes);
  void Write(std::string_view text) { Write(std::as_bytes(std::span(text))); }
  uint64_t written() const { return written_; }
  // All bytes that there will be, where they are known: what the message of a full disk says is needed.
  void Expect(uint64_t bytes) { expected_ = bytes; }
  // From the next Write on, SHA-256 of what is written; Digest() gives it in hexadecimal and ends it.
  void BeginDigest();
  std::string Digest();

  // Throws kIo, naming the path, when a write, the sync or the rename failed; the old file is then untouched. A full
  // disk's message says what is needed and what is free.
  void Commit();

 private:
  void Flush();
  void WriteAll(std::span<const std::byte> bytes);
  [[noreturn]] void Fail(std::string_view what, int error_number) const;

  // As it was named; where the links of it lead; what is written meanwhile, empty where it is written through.
  std::filesystem::path path_, target_, temporary_;
  int fd_ = -1;
  uint64_t written_ = 0, expected_ = 0;
  std::unique_ptr<Sha256> digest_;
  std::vector<std::byte> buffer_;
};

// Removes the temporary files of killed processes: FOLDER/NAME.partial-PID where no process PID runs. `name` empty: any.
void RemoveAbandonedPartials(const std::filesystem::path& folder, std::string_view name = {});

}  // namespace sheepop
