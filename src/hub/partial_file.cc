#include "hub/partial_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>
#include <cerrno>

#include "base/error.h"
#include "base/file_writer.h"
#include "base/json.h"
#include "base/output_path.h"
#include "base/text_file.h"

namespace sheepop {
namespace {

namespace json = boost::json;

// A note that cannot be read makes the part worthless, not the download: it starts anew.
PartialNote ReadNote(const std::filesystem::path& path) {
  try {
    const json::object object = ParseJsonObject(ReadTextFile(path, "a download's note"), path.string());
    const auto text = [&](const char* key) { return json::value_to<std::string>(object.at(key)); };
    PartialNote note{text("url"), text("validator"), std::nullopt, text("linked")};
    if (const json::value& length = object.at("length"); !length.is_null()) note.length = length.to_number<uint64_t>();
    return note;
  } catch (const std::exception&) {
    return {};
  }
}

void WriteNote(const std::filesystem::path& path, const PartialNote& note) {
  FileWriter writer(path);
  writer.Write(json::serialize(json::object{{"url", note.url},
                                            {"validator", note.validator},
                                            {"length", note.length ? json::value(*note.length) : json::value(nullptr)},
                                            {"linked", note.linked}}));
  writer.Commit();
}

}  // namespace

PartialFile::PartialFile(std::filesystem::path path)
    : path_(FollowLinks(std::move(path))),
      partial_(path_.string() + ".partial"),
      note_path_(path_.string() + ".partial.json") {
  fd_ = ::open(partial_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) throw SystemError(fmt::format("cannot write {}", partial_.string()), errno);
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd_);
    throw Error(ErrorCategory::kLimit, "{} is being written by another sheepop pull; wait for it", partial_.string());
  }
  struct stat status{}, named{};
  // Whoever held the lock until now may have given the file its final name.
  if (::fstat(fd_, &status) != 0 || ::stat(partial_.c_str(), &named) != 0 || status.st_ino != named.st_ino) {
    ::close(fd_);
    throw Error(ErrorCategory::kLimit, "{} has just been finished by another sheepop pull", path_.string());
  }
  size_ = static_cast<uint64_t>(status.st_size);
  if (size_ > 0) note_ = ReadNote(note_path_);
}

PartialFile::~PartialFile() {
  if (fd_ >= 0) ::close(fd_);
}

void PartialFile::Restart(const PartialNote& note) {
  if (::ftruncate(fd_, 0) != 0) throw SystemError(fmt::format("cannot write {}", partial_.string()), errno);
  size_ = 0;
  note_ = note;
  WriteNote(note_path_, note);
}

void PartialFile::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int reason = errno;
      throw SystemError(
          fmt::format("cannot write beyond {} bytes of {}; make room, then the same command goes on from there", size_,
                      partial_.string()),
          reason);
    }
    size_ += static_cast<uint64_t>(n);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

void PartialFile::Finish() {
  if (::fsync(fd_) != 0 || ::rename(partial_.c_str(), path_.c_str()) != 0) {
    throw SystemError(fmt::format("cannot write {}", path_.string()), errno);
  }
  ::unlink(note_path_.c_str());
}

void PartialFile::Discard() {
  ::unlink(partial_.c_str());
  ::unlink(note_path_.c_str());
}

}  // namespace sheepop
