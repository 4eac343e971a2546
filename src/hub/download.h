// A file from the network, whole or not at all: bytes go to PATH.partial, which a later run continues, and the file
// gets its name when its length and checksum are right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace sheepop {

struct DownloadOptions {
  std::string sha256;          // what the file must have, lower-case hexadecimal; empty: unknown
  bool linked_sha256 = false;  // the server names it in X-Linked-ETag, as huggingface.co does for large files
  std::string bearer;          // see HttpRequest
  size_t retries = 4;          // after a cut connection
  std::function<void(uint64_t done, std::optional<uint64_t> total)> progress;
  std::function<bool()> interrupted;
};

struct Downloaded {
  uint64_t bytes = 0;     // of the file
  uint64_t received = 0;  // by this call; less when a part was there
  std::string sha256;     // of the file
  bool verified = false;  // against a checksum known beforehand
};

// PATH.partial continues only the file it was begun as: same URL, same length, same ETag or date where the server sends
// one. Throws what HttpGet does; kCorrupt for a wrong checksum, or for a .gguf that is none, and then nothing is kept;
// kIo for a disk that is full, and then the part is kept; kLimit when there is visibly too little room.
Downloaded Download(const std::string& url, const std::filesystem::path& path, const DownloadOptions& options);

}  // namespace sheepop
