#include "ingest/sources.h"

#include <dirent.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <set>
#include <utility>

#include "base/error.h"

namespace sheepop {
namespace {

constexpr size_t kMaxPathBytes = 4000;  // the system's own limit is 4096

using Identity = std::pair<uint64_t, uint64_t>;  // device and inode

bool IsVersionControl(std::string_view name) { return name == ".git" || name == ".hg" || name == ".svn"; }

std::string_view BaseName(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string_view(path) : std::string_view(path).substr(slash + 1);
}

class Walker {
 public:
  explicit Walker(const std::filesystem::path& exclude) {
    struct stat info{};
    if (::stat(exclude.c_str(), &info) == 0) excluded_ = {info.st_dev, info.st_ino};
  }

  void AddInput(const std::string& path) {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) throw SystemError(fmt::format("cannot read the input {}", path), errno);
    Visit(path, info);
    Drain();
  }

  FoundSources Finish() {
    // Links come last: what they lead to is by then found in its own place, if it lies below the inputs.
    while (!links_.empty()) {
      std::sort(links_.begin(), links_.end());
      const std::vector<std::string> links = std::exchange(links_, {});
      for (const std::string& link : links) FollowLink(link);
    }
    const auto by_path = [](const auto& a, const auto& b) { return a.path < b.path; };
    std::sort(found_.files.begin(), found_.files.end(), by_path);
    std::sort(found_.skipped.begin(), found_.skipped.end(), by_path);
    return std::move(found_);
  }

 private:
  void Skip(const std::string& path, DocumentFate fate, std::string reason) {
    found_.skipped.push_back({path, fate, std::move(reason)});
  }

  void FollowLink(const std::string& link) {
    struct stat info{};
    if (::stat(link.c_str(), &info) != 0) {
      Skip(link, DocumentFate::kFailed, errno == ELOOP ? "a link that leads to itself" : "a link that leads nowhere");
      return;
    }
    if (seen_.contains({info.st_dev, info.st_ino})) {
      Skip(link, DocumentFate::kDropped, "a link to what is read in its own place");
      return;
    }
    Visit(link, info);
    Drain();
  }

  void Visit(const std::string& path, const struct stat& info) {
    if (path.size() > kMaxPathBytes) {
      Skip(path, DocumentFate::kFailed, "folders are nested too deep: the path is too long for the system");
      return;
    }
    const Identity identity{info.st_dev, info.st_ino};
    if (S_ISDIR(info.st_mode)) {
      if (identity == excluded_) {
        Skip(path, DocumentFate::kDropped, "the corpus itself");
      } else if (IsVersionControl(BaseName(path))) {
        Skip(path, DocumentFate::kDropped, "the folder of a version control system");
      } else if (seen_.insert(identity).second) {
        folders_.push_back(path);
      }
    } else if (S_ISREG(info.st_mode)) {
      // A hard link is another name of the same bytes; the comparison of documents finds it.
      seen_.insert(identity);
      if (listed_.insert(path).second) found_.files.push_back({path, StampOf(info)});
    } else {
      Skip(path, DocumentFate::kDropped, "a pipe, socket or device, not a file");
    }
  }

  void Drain() {
    while (!folders_.empty()) {
      const std::string folder = std::move(folders_.back());
      folders_.pop_back();
      List(folder);
    }
  }

  void List(const std::string& folder) {
    struct Closer {
      void operator()(DIR* dir) const { ::closedir(dir); }
    };
    const std::unique_ptr<DIR, Closer> dir(::opendir(folder.c_str()));
    if (!dir) {
      Skip(folder, DocumentFate::kFailed, std::string("cannot be opened: ") + std::strerror(errno));
      return;
    }
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(dir.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      const std::string path = folder.ends_with('/') ? folder + name : folder + "/" + name;
      struct stat info{};
      if (::lstat(path.c_str(), &info) != 0) {
        Skip(path, DocumentFate::kFailed, std::string("cannot be read: ") + std::strerror(errno));
      } else if (S_ISLNK(info.st_mode)) {
        links_.push_back(path);
      } else {
        Visit(path, info);
      }
    }
  }

  Identity excluded_{~uint64_t{0}, 0};
  std::set<Identity> seen_;
  std::set<std::string> listed_;
  std::vector<std::string> folders_, links_;
  FoundSources found_;
};

}  // namespace

FoundSources FindSources(const std::vector<std::filesystem::path>& inputs, const std::filesystem::path& exclude) {
  if (inputs.empty()) throw Error(ErrorCategory::kInvalidArgument, "no inputs: name at least one file or folder");
  std::vector<std::string> paths;
  for (const auto& input : inputs) paths.push_back(input.native());
  std::sort(paths.begin(), paths.end());
  Walker walker(exclude);
  for (std::string& path : paths) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    walker.AddInput(path);
  }
  return walker.Finish();
}

}  // namespace sheepop
