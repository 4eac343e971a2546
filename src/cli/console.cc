#include "cli/console.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "base/clock.h"
#include "base/numbers.h"
#include "base/utf8.h"

namespace sheepop::cli {
namespace {

void WriteAll(FILE* stream, std::string_view text, std::string_view name) {
  if (std::fwrite(text.data(), 1, text.size(), stream) != text.size() || std::fflush(stream) != 0) {
    throw SystemError(fmt::format("cannot write to {}", name), errno);
  }
}

// A terminal obeys what a model writes after an escape: it could clear the screen, or type.
std::string WithPictures(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Utf8Step step = DecodeUtf8(text);
    const char32_t c = step.code_point;
    const bool c0 = c < 0x20 && c != U'\n' && c != U'\t';
    AppendUtf8(c0 ? 0x2400 + c : c == 0x7f ? 0x2421 : c >= 0x80 && c < 0xa0 ? 0xfffd : c, out);
    text.remove_prefix(step.length);
  }
  return out;
}

// What of a line fits into so many columns, with two for a character that may take two. A line that is longer than the
// window goes on in the next one, where no return leads back over it.
std::string_view FirstColumns(std::string_view line, int columns) {
  std::string_view rest = line;
  while (!rest.empty()) {
    const Utf8Step step = DecodeUtf8(rest);
    columns -= step.code_point < 0x1100 ? 1 : 2;
    if (columns < 0) break;
    rest.remove_prefix(step.length);
  }
  return line.substr(0, line.size() - rest.size());
}

// JSON has no infinity and no NaN.
void MakeFinite(boost::json::value& value, const std::string& path, const Console& console) {
  if (value.is_double() && !std::isfinite(value.get_double())) {
    const std::string text = NumberText(value.get_double());
    console.Warn({"not_finite", path, text, fmt::format("{} is {}, which JSON cannot say; it is null", path, text)});
    value = nullptr;
  } else if (value.is_object()) {
    for (auto& member : value.get_object()) {
      MakeFinite(member.value(), path + (path.empty() ? "" : ".") + std::string(member.key()), console);
    }
  } else if (value.is_array()) {
    for (size_t i = 0; i < value.get_array().size(); ++i) {
      MakeFinite(value.get_array()[i], fmt::format("{}[{}]", path, i), console);
    }
  }
}

}  // namespace

bool Console::StdoutIsTerminal() const { return ::isatty(STDOUT_FILENO) == 1; }
bool Console::StderrIsTerminal() const { return ::isatty(STDERR_FILENO) == 1; }

bool Console::UsesColor() const {
  if (color != Color::kAuto) return color == Color::kAlways;
  const char* no_color = std::getenv("NO_COLOR");
  return StdoutIsTerminal() && !(no_color && *no_color);
}

void Console::Print(std::string_view text) const { WriteAll(stdout, text, "standard output"); }

void Console::PrintText(std::string_view text) const {
  Print(StdoutIsTerminal() ? WithPictures(text) : std::string(text));
}

void Console::PrintJson(const boost::json::value& document) const {
  boost::json::value finite = document;
  MakeFinite(finite, "", *this);
  const auto tell = [&](std::string_view name, std::span<const Warning> list) {
    if (list.empty() || !finite.is_object()) return;
    boost::json::array& told = finite.get_object()[name].emplace_array();
    for (const Warning& w : list) {
      told.push_back({{"code", w.code}, {"thing", ToValidUtf8(w.thing)}, {"value", ToValidUtf8(w.value)}});
    }
  };
  tell("warnings", warnings_);
  tell("notes", notes_);
  notes_.clear();
  Print(boost::json::serialize(finite));
  Print("\n");
}

void Console::Warn(const Warning& warning) const {
  const auto same = [&](const Warning& w) { return w.code == warning.code && w.line == warning.line; };
  if (std::ranges::any_of(warnings_, same)) return;
  Progress("");
  fmt::print(stderr, "sheepop: warning: {}\n", warning.line);
  warnings_.push_back(warning);
}

void Console::Note(std::string_view line) const {
  if (verbose || StderrIsTerminal()) fmt::print(stderr, "{}\n", line);
}

void Console::Note(const Warning& note) const {
  Note(note.line);
  notes_.push_back(note);
}

void Console::Progress(std::string_view line) const {
  constexpr double kSecondsBetween = 0.2;
  if (!StderrIsTerminal()) return;
  const double now = MonotonicSeconds();
  if (!line.empty() && now - shown_ < kSecondsBetween) return;
  shown_ = line.empty() ? 0 : now;
  winsize window{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0;
  fmt::print(stderr, "\r\x1b[K{}", FirstColumns(line, known ? window.ws_col - 1 : 79));
  std::fflush(stderr);
}

void Console::PrintError(const Error& error, boost::json::object document) const {
  Progress("");
  fmt::print(stderr, "sheepop: {}\n", error.what());
  if (!json) return;
  document["error"] = {{"category", Name(error.category())}, {"message", error.what()}};
  try {
    PrintJson(document);
  } catch (const Error&) {
    // stdout is gone; the message stands on stderr.
  }
}

}  // namespace sheepop::cli
