#include "cli/commands/line_reader.h"

#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/error.h"

namespace sheepop::cli {
namespace {

constexpr size_t kMaxLine = size_t{16} << 20;

}  // namespace

bool LineReader::Fill() {
  if (!interrupt_.WaitFor(STDIN_FILENO)) return false;
  std::array<char, 1 << 16> chunk;
  const ssize_t n = ::read(STDIN_FILENO, chunk.data(), chunk.size());
  if (n < 0 && errno == EINTR) return true;  // whatever signal it was, the next wait sees it
  if (n < 0) throw SystemError("cannot read standard input", errno);
  ended_ = n == 0;
  buffer_.append(chunk.data(), static_cast<size_t>(n));
  return true;
}

LineReader::Result LineReader::Read(std::string& line) {
  size_t searched = 0;
  for (;;) {
    const size_t end = buffer_.find('\n', searched);
    if (end != std::string::npos || (ended_ && !buffer_.empty())) {
      line = buffer_.substr(0, end);
      buffer_.erase(0, end == std::string::npos ? end : end + 1);
      if (line.ends_with('\r')) line.pop_back();
      return Result::kLine;
    }
    if (ended_) return Result::kEnd;
    if (buffer_.size() > kMaxLine)
      throw Error(ErrorCategory::kLimit, "a line of standard input is over {} bytes", kMaxLine);
    searched = buffer_.size();
    if (!Fill()) return Result::kInterrupted;
  }
}

}  // namespace sheepop::cli
