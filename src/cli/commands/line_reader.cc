#include "cli/commands/line_reader.h"

#include <fmt/core.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"

namespace sheepop::cli {
namespace {

constexpr size_t kMaxLine = size_t{16} << 20;
constexpr std::string_view kPasteBegins = "\x1b[200~", kPasteEnds = "\x1b[201~";
constexpr std::string_view kMarkPastes = "\x1b[?2004h", kMarkNoPastes = "\x1b[?2004l";
constexpr char kCtrlD = 4, kBackspace = 8, kCtrlU = 21, kCtrlW = 23, kEscape = 27, kDelete = 127;

termios as_it_was{};
termios raw{};

void Mark(std::string_view how) { [[maybe_unused]] const ssize_t n = ::write(STDOUT_FILENO, how.data(), how.size()); }

// Both are safe in a signal handler.
void Restore() {
  tcsetattr(STDIN_FILENO, TCSANOW, &as_it_was);
  Mark(kMarkNoPastes);
}
void TakeOver() {
  tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  Mark(kMarkPastes);
}

void OnContinue(int) { TakeOver(); }  // the shell has set what it wants meanwhile

size_t Columns(std::string_view character) {
  const char32_t c = DecodeUtf8(character).code_point;
  const bool wide = (c >= 0x1100 && c < 0x1160) || (c >= 0x2E80 && c < 0xA4D0) || (c >= 0xAC00 && c < 0xD7A4) ||
                    (c >= 0xF900 && c < 0xFB00) || (c >= 0xFE30 && c < 0xFE70) || (c >= 0xFF00 && c < 0xFF61) ||
                    (c >= 0x1F300 && c < 0x1FB00) || (c >= 0x20000 && c < 0x40000);
  return wide ? 2 : 1;
}

}  // namespace

RawTerminal::RawTerminal() {
  if (tcgetattr(STDIN_FILENO, &as_it_was) != 0) return;
  raw = as_it_was;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw.c_lflag |= NOFLSH;  // Ctrl-C must not take away what a wait has announced: the read behind it would not return
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  TakeOver();
  SetBeforeDeath(Restore);
  std::signal(SIGCONT, OnContinue);
}

RawTerminal::~RawTerminal() {
  std::signal(SIGCONT, SIG_DFL);
  SetBeforeDeath(nullptr);
  Restore();
}

std::string TypedLine::Finish() { return std::exchange(line_, {}); }

void TypedLine::EraseCharacter(std::string& echo) {
  size_t begin = line_.size();
  while (begin > 0 && (static_cast<unsigned char>(line_[--begin]) & 0xC0) == 0x80) {
  }
  const std::string_view character = std::string_view(line_).substr(begin);
  if (character.empty() || character == "\n") return;  // what stands in another line of the screen stays
  for (size_t i = 0; i < Columns(character); ++i) echo += "\b \b";
  line_.resize(begin);
}

void TypedLine::Add(char byte, std::string& echo) {
  if (line_.size() > kMaxLine)
    throw Error(ErrorCategory::kLimit, "a line of standard input is over {} bytes", kMaxLine);
  line_ += byte;
  const auto code = static_cast<unsigned char>(byte);
  if (code >= 0x20 || byte == '\t' || byte == '\n') echo += byte;
}

// Keys that move the cursor and the like do nothing.
void TypedLine::TakeEscape(char byte) {
  escape_ += byte;
  if (escape_ == kPasteBegins) pasting_ = true;
  const bool sequence = escape_.size() > 1 && (escape_[1] == '[' || escape_[1] == 'O');
  const bool last = escape_.size() > 2 && byte >= 0x40 && byte <= 0x7E;
  if ((sequence && last) || (escape_.size() > 1 && !sequence) || escape_.size() > 32) escape_.clear();
}

TypedLine::Key TypedLine::Take(char byte, std::string& echo) {
  if (pasting_) {
    Add(byte == '\r' ? '\n' : byte, echo);
    if (!line_.ends_with(kPasteEnds)) return Key::kMore;
    pasting_ = false;
    line_.resize(line_.size() - kPasteEnds.size());
    if (echo.ends_with(kPasteEnds.substr(1))) echo.resize(echo.size() - kPasteEnds.size() + 1);
    while (line_.ends_with('\n')) line_.pop_back();
    return Key::kMore;
  }
  if (!escape_.empty() || byte == kEscape) {
    TakeEscape(byte);
    return Key::kMore;
  }
  switch (byte) {
    case '\r':
    case '\n': echo += '\n'; return Key::kLine;
    case kCtrlD: return line_.empty() ? Key::kEnd : Key::kMore;
    case kBackspace:
    case kDelete: EraseCharacter(echo); return Key::kMore;
    case kCtrlU:
    case kCtrlW: {
      const auto more = [&] { return !line_.empty() && line_.back() != '\n'; };
      while (byte == kCtrlW && more() && line_.back() == ' ') EraseCharacter(echo);
      while (more() && (byte == kCtrlU || line_.back() != ' ')) EraseCharacter(echo);
      return Key::kMore;
    }
    default: Add(byte, echo); return Key::kMore;
  }
}

bool LineReader::Fill() {
  if (!interrupt_.WaitFor(STDIN_FILENO)) return false;
  std::array<char, 1 << 16> chunk;
  const ssize_t n = ::read(STDIN_FILENO, chunk.data(), chunk.size());
  if (n < 0 && errno == EINTR) return true;  // whatever signal it was, the next wait sees it
  // A terminal that is gone reads as an error.
  if (n < 0 && !(typed_ && errno == EIO)) throw SystemError("cannot read standard input", errno);
  ended_ = n <= 0;
  if (n > 0) buffer_.append(chunk.data(), static_cast<size_t>(n));
  return true;
}

LineReader::Result LineReader::ReadTyped(std::string& line) {
  for (;;) {
    std::string echo;
    TypedLine::Key key = TypedLine::Key::kMore;
    size_t taken = 0;
    while (taken < buffer_.size() && key == TypedLine::Key::kMore) key = line_.Take(buffer_[taken++], echo);
    buffer_.erase(0, taken);
    std::fwrite(echo.data(), 1, echo.size(), stdout);
    std::fflush(stdout);
    if (key == TypedLine::Key::kLine) {
      line = line_.Finish();
      return Result::kLine;
    }
    if (key == TypedLine::Key::kEnd || ended_) return Result::kEnd;
    if (!Fill()) {
      tcflush(STDIN_FILENO, TCIFLUSH);
      buffer_.clear();
      line_ = {};
      return Result::kInterrupted;
    }
  }
}

LineReader::Result LineReader::Read(std::string& line) {
  if (typed_) return ReadTyped(line);
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
    if (!Fill()) {
      buffer_.clear();
      return Result::kInterrupted;
    }
  }
}

}  // namespace sheepop::cli
