#include "ingest/file_index.h"

#include <fmt/core.h>

#include <cerrno>
#include <cinttypes>
#include <ctime>
#include <fstream>

#include "base/error.h"
#include "base/file_writer.h"
#include "ingest/part_store.h"

namespace sheepop {
namespace {

// A file written again within the resolution of the clock has the same times, so what changed a moment ago is not trusted.
constexpr int64_t kRecentNs = 2'000'000'000;

std::string Line(const std::string& name, const FileStamp& stamp, const std::string& sha256) {
  return fmt::format("{} {} {} {} {} {} {}\n", sha256, stamp.device, stamp.inode, stamp.size, stamp.modified_ns,
                     stamp.changed_ns, name);
}

}  // namespace

FileIndex::FileIndex(std::filesystem::path path) : path_(std::move(path)) {
  std::ifstream in(path_);
  std::string line;
  // A line without its end was cut off by a kill; its name may be cut too.
  while (std::getline(in, line) && !in.eof()) {
    Entry entry;
    char sha256[65];
    int name = 0;
    if (std::sscanf(line.c_str(), "%64s %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNd64 " %" SCNd64 " %n", sha256,
                    &entry.stamp.device, &entry.stamp.inode, &entry.stamp.size, &entry.stamp.modified_ns,
                    &entry.stamp.changed_ns, &name) != 6 ||
        name == 0) {
      continue;
    }
    entry.sha256 = sha256;
    entries_[line.substr(static_cast<size_t>(name))] = entry;
  }
  file_.reset(std::fopen(path_.c_str(), "abe"));
  if (!file_) throw SystemError(fmt::format("cannot write {}", path_.string()), errno);
  std::fputc('\n', file_.get());
}

std::string FileIndex::Find(const std::string& path, const FileStamp& stamp) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(DisplayName(path));
  return found != entries_.end() && found->second.stamp == stamp ? found->second.sha256 : "";
}

void FileIndex::Add(const std::string& path, const FileStamp& stamp, const std::string& sha256) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const int64_t now_ns = int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
  if (now_ns - stamp.modified_ns < kRecentNs || now_ns - stamp.changed_ns < kRecentNs) return;
  const std::string name = DisplayName(path);
  const std::string line = Line(name, stamp, sha256);
  const std::lock_guard lock(mutex_);
  entries_[name] = {stamp, sha256};
  std::fwrite(line.data(), 1, line.size(), file_.get());
  std::fflush(file_.get());
}

void FileIndex::Compact(const std::vector<FoundFile>& files) {
  const std::lock_guard lock(mutex_);
  file_.reset();
  FileWriter writer(path_);
  for (const FoundFile& file : files) {
    const std::string name = DisplayName(file.path);
    const auto found = entries_.find(name);
    if (found != entries_.end()) writer.Write(Line(name, found->second.stamp, found->second.sha256));
  }
  writer.Commit();
}

}  // namespace sheepop
