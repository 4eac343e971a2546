#include "hub/download.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <system_error>
#include <thread>

#include "base/file_kind.h"
#include "base/mapped_file.h"
#include "base/sha256.h"
#include "hub/http.h"
#include "hub/partial_file.h"

namespace sheepop {
namespace {

bool IsSha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void CheckRoom(const std::filesystem::path& path, uint64_t bytes) {
  std::error_code error;
  const auto space = std::filesystem::space(path.parent_path(), error);
  if (error || space.available >= bytes) return;
  throw Error(ErrorCategory::kLimit, "{} needs {} more bytes, its disk has room for {}; make room or set SHEEPOP_HOME",
              path.string(), bytes, space.available);
}

// One try to get the rest of a file.
class Attempt {
 public:
  Attempt(const std::string& url, const DownloadOptions& options, PartialFile& partial)
      : url_(url), options_(options), partial_(partial) {}

  // False when what is there turned out to be no part of the file any more: it is gone, and another attempt begins
  // anew.
  bool Run() {
    const PartialNote& note = partial_.note();
    if (partial_.size() > 0 && note.url == url_ && note.length == partial_.size()) return true;
    HttpRequest request{url_, {}, options_.bearer};
    if (partial_.size() > 0 && note.url == url_ && note.length) {
      request.headers.push_back(fmt::format("Range: bytes={}-", partial_.size()));
      // RFC 9110 forbids weak validators here.
      if (!note.validator.empty() && !note.validator.starts_with("W/"))
        request.headers.push_back("If-Range: " + note.validator);
    }
    HttpGet(request, {[&](const HttpHeaders& begin) { Begin(begin); }, [&](std::string_view data) { Receive(data); },
                      options_.interrupted});
    if (changed_) partial_.Restart({url_, "", std::nullopt, ""});
    return !changed_;
  }

  uint64_t received() const { return received_; }

 private:
  void Begin(const HttpHeaders& headers) {
    const PartialNote note{url_, headers.etag.empty() ? headers.last_modified : headers.etag, headers.length,
                           headers.linked_etag};
    const bool goes_on = headers.status == 206 && headers.range_begin == partial_.size() && note == partial_.note();
    changed_ = headers.status == 416 || (headers.status == 206 && !goes_on);
    if (changed_) return;
    if (!goes_on) partial_.Restart(note);
    if (note.length) CheckRoom(partial_.path(), *note.length - partial_.size());
  }

  void Receive(std::string_view data) {
    if (changed_) return;
    partial_.Append(data);
    received_ += data.size();
    if (options_.progress) options_.progress(partial_.size(), partial_.note().length);
  }

  const std::string& url_;
  const DownloadOptions& options_;
  PartialFile& partial_;
  bool changed_ = false;
  uint64_t received_ = 0;
};

bool Interrupted(const DownloadOptions& options) { return options.interrupted && options.interrupted(); }

// What a person would do: wait a little, longer each time, and go on.
void Fetch(const std::string& url, const DownloadOptions& options, PartialFile& partial, Downloaded& out) {
  for (size_t failures = 0, restarts = 0;;) {
    Attempt attempt(url, options, partial);
    try {
      const bool done = attempt.Run();
      out.received += attempt.received();
      if (done) return;
      if (++restarts > 2)
        throw Error(ErrorCategory::kNetwork, "{}: the file changes while it is fetched; try again later", url);
    } catch (const TransientError&) {
      out.received += attempt.received();
      if (++failures > options.retries || Interrupted(options)) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(250) * (1 << std::min<size_t>(failures, 6)));
    }
  }
}

void Verify(const std::string& url, const std::filesystem::path& path, PartialFile& partial, std::string_view expected,
            std::string_view actual) {
  if (!expected.empty() && expected != actual) {
    partial.Discard();
    throw Error(ErrorCategory::kCorrupt,
                "{} has sha256 {}, it should be {}; nothing was kept, check the address and the checksum", url, actual,
                expected);
  }
  if (path.extension() != ".gguf") return;
  const MappedFile map = MappedFile::Open(partial.path());
  if (Sniff(map.bytes()) == FileKind::kGguf) return;
  const Error wrong = WrongFile(url, map.bytes(), "a GGUF model");
  partial.Discard();
  throw wrong;
}

}  // namespace

Downloaded Download(const std::string& url, const std::filesystem::path& path, const DownloadOptions& options) {
  PartialFile partial(path);
  Downloaded out;
  Fetch(url, options, partial, out);
  out.bytes = partial.size();
  std::string expected = options.sha256;
  // Small files have the hash of a Git object there, which is shorter.
  if (expected.empty() && options.linked_sha256 && IsSha256(partial.note().linked)) expected = partial.note().linked;
  out.sha256 = Sha256OfFile(partial.path(), options.interrupted);
  Verify(url, path, partial, expected, out.sha256);
  out.verified = !expected.empty();
  partial.Finish();
  return out;
}

}  // namespace sheepop
