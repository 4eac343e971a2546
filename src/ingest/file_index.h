// Which content each file had when it was last read, by path, size and times: an unchanged file need not be read to be
// known. Appended to while a run is at work, so that a killed run leaves what it learned.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "ingest/blob.h"
#include "ingest/sources.h"

namespace sheepop {

// Safe from any thread.
class FileIndex {
 public:
  explicit FileIndex(std::filesystem::path path);  // reads what is there; lines that make no sense are left out

  std::string Find(const std::string& path, const FileStamp& stamp) const;  // sha256, or "" when it must be read
  void Add(const std::string& path, const FileStamp& stamp, const std::string& sha256);

  // Rewrites the file with the entries of `files` only.
  void Compact(const std::vector<FoundFile>& files);

 private:
  struct Entry {
    FileStamp stamp;
    std::string sha256;
  };
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  std::filesystem::path path_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;  // by DisplayName of the path
  std::unique_ptr<std::FILE, Closer> file_;
};

}  // namespace sheepop
