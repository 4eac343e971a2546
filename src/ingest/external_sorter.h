// Sorts more records than memory holds: full buffers are sorted and written to temporary files, which are merged when the
// records are read back.
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <queue>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"
#include "ingest/blob.h"

namespace sheepop {

template <typename Record>
class ExternalSorter {
  static_assert(std::is_trivially_copyable_v<Record>);

 public:
  // `work` holds the temporary files and must outlive the sorter. `buffer_bytes` bounds the memory.
  explicit ExternalSorter(WorkFolder& work, size_t buffer_bytes = 64 << 20)
      : work_(work), capacity_(std::max<size_t>(buffer_bytes / sizeof(Record), kMergeRuns)) {}

  ~ExternalSorter() {
    for (const auto& run : runs_) std::filesystem::remove(run);
  }
  ExternalSorter(const ExternalSorter&) = delete;
  ExternalSorter& operator=(const ExternalSorter&) = delete;

  void Add(const Record& record) {
    if (buffer_.size() == capacity_) Spill();
    buffer_.push_back(record);
  }

  // Ends adding. Then Next gives the records in ascending order; false after the last.
  void Sort() {
    std::sort(buffer_.begin(), buffer_.end());
    if (runs_.empty()) return;
    Spill();
    StartMerge();
  }

  bool Next(Record& record) {
    if (runs_.empty()) {
      if (next_ == buffer_.size()) return false;
      record = buffer_[next_++];
      return true;
    }
    return MergeNext(record);
  }

 private:
  static constexpr size_t kMergeRuns = 64;

  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Closer>;

  static File Open(const std::filesystem::path& path, const char* mode) {
    File file(std::fopen(path.c_str(), mode));
    if (!file) throw SystemError(fmt::format("cannot open {}", path.string()), errno);
    return file;
  }

  void Write(std::FILE* file, const Record* records, size_t count) const {
    if (std::fwrite(records, sizeof(Record), count, file) != count)
      throw SystemError("cannot write a temporary file", errno);
  }

  void Spill() {
    if (buffer_.empty()) return;
    std::sort(buffer_.begin(), buffer_.end());
    const auto path = work_.NewPath("run");
    const File file = Open(path, "wbe");
    runs_.push_back(path);
    Write(file.get(), buffer_.data(), buffer_.size());
    if (std::fflush(file.get()) != 0) throw SystemError("cannot write a temporary file", errno);
    buffer_.clear();
    if (runs_.size() >= kMergeRuns) MergeAll();
  }

  void MergeAll() {
    StartMerge();
    const auto path = work_.NewPath("run");
    const File file = Open(path, "wbe");
    Record record;
    while (MergeNext(record)) Write(file.get(), &record, 1);
    if (std::fflush(file.get()) != 0) throw SystemError("cannot write a temporary file", errno);
    for (const auto& run : runs_) std::filesystem::remove(run);
    runs_.assign(1, path);
    inputs_.clear();
  }

  void StartMerge() {
    inputs_.clear();
    for (size_t i = 0; i < runs_.size(); ++i) {
      inputs_.push_back(Open(runs_[i], "rbe"));
      Push(i);
    }
  }

  void Push(size_t run) {
    Record record;
    if (std::fread(&record, sizeof(Record), 1, inputs_[run].get()) == 1) heap_.push({record, run});
  }

  bool MergeNext(Record& record) {
    if (heap_.empty()) return false;
    const auto [least, run] = heap_.top();
    heap_.pop();
    record = least;
    Push(run);
    return true;
  }

  struct Later {
    bool operator()(const std::pair<Record, size_t>& a, const std::pair<Record, size_t>& b) const { return b < a; }
  };

  WorkFolder& work_;
  size_t capacity_;
  std::vector<Record> buffer_;
  size_t next_ = 0;
  std::vector<std::filesystem::path> runs_;
  std::vector<File> inputs_;
  std::priority_queue<std::pair<Record, size_t>, std::vector<std::pair<Record, size_t>>, Later> heap_;
};

}  // namespace sheepop
