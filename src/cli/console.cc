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
#include <optional>
#include <utility>

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

// Of the window behind a stream; none where it is no terminal.
std::optional<int> Columns(int stream) {
  winsize window{};
  if (::isatty(stream) != 1) return std::nullopt;
  return ::ioctl(stream, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 ? window.ws_col : 80;
}

// For a terminal without control characters, which names of files and samples of a model may hold, and broken between
// words, with what is left two columns further in. A command would be two where it is broken.
std::string Wrapped(std::string_view raw, int stream) {
  constexpr int kNarrowest = 20;
  const std::optional<int> columns = Columns(stream);
  if (!columns) return std::string(raw);
  const std::string harmless = WithPictures(raw);
  if (*columns < kNarrowest) return harmless;
  std::string_view text = harmless;
  std::string out;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    const bool ended = line.size() < text.size();
    text.remove_prefix(line.size() + ended);
    const size_t indent = std::min(line.find_first_not_of(' '), line.size()) + 2;
    bool first = true;
    // What stands before a command is broken where it must be, but no label is parted from it.
    for (size_t command = line.find("sheepop "); command > static_cast<size_t>(*columns) / 4;
         command = line.find("sheepop ")) {
      const std::string_view fits = FirstColumns(line, *columns - (first ? 0 : static_cast<int>(indent)));
      const size_t space =
          fits.size() < line.size() ? line.rfind(' ', std::min(fits.size(), command)) : std::string_view::npos;
      if (space == std::string_view::npos || line.find_first_not_of(' ') >= space) break;
      out += fmt::format("{}{}\n", first ? "" : std::string(indent, ' '),
                         line.substr(0, line.find_last_not_of(' ', space) + 1));
      line.remove_prefix(std::min(line.find_first_not_of(' ', space), line.size()));
      first = false;
    }
    out += fmt::format("{}{}{}", first ? "" : std::string(indent, ' '), line, ended ? "\n" : "");
  }
  return out;
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

void Console::PrintWords(std::string_view text) const { Print(Wrapped(text, STDOUT_FILENO)); }

void Console::PrintText(std::string_view text) const {
  Print(StdoutIsTerminal() ? WithPictures(text) : std::string(text));
}

void Console::PrintThoughts(std::string_view text) const {
  const bool terminal = StderrIsTerminal();
  const bool dim = terminal && UsesColor();
  const std::string shown = terminal ? WithPictures(text) : std::string(text);
  WriteAll(stderr, dim ? "\x1b[2m" + shown + "\x1b[0m" : shown, "standard error");
}

void Console::PrintJson(const boost::json::value& document) const {
  boost::json::value finite = document;
  MakeFinite(finite, "", *this);
  const auto tell = [&](std::string_view name, const CountedWarnings& list) {
    if (list.empty() || !finite.is_object()) return;
    boost::json::array& told = finite.get_object()[name].emplace_array();
    for (const auto& [w, count] : list.all()) {
      boost::json::object entry{{"code", w.code}, {"thing", ToValidUtf8(w.thing)}, {"value", ToValidUtf8(w.value)}};
      if (count > 1) entry["count"] = count;
      told.push_back(std::move(entry));
    }
  };
  tell("warnings", warnings_);
  tell("notes", new_notes_);
  new_notes_.Clear();
  Print(boost::json::serialize(finite));
  Print("\n");
}

void Console::Warn(const Warning& warning) const {
  if (!warnings_.Add(warning)) return;
  Progress("");
  fmt::print(stderr, "{}\n", Wrapped("sheepop: warning: " + warning.line, STDERR_FILENO));
}

void Console::Note(std::string_view line) const {
  if (!verbose && !StderrIsTerminal()) return;
  Progress("");
  fmt::print(stderr, "{}\n", Wrapped(line, STDERR_FILENO));
}

void Console::Note(const Warning& note) const {
  new_notes_.Add(note);
  if (notes_.Add(note)) Note(note.line);
}

void Console::EndNotes() const {
  Progress("");
  for (const auto& [warning, count] : warnings_.all()) {
    if (count < 2) continue;
    const std::string line = fmt::format("sheepop: warning: {} times: {}", count, warning.line);
    fmt::print(stderr, "{}\n", Wrapped(line, STDERR_FILENO));
  }
  for (const auto& [note, count] : notes_.all()) {
    if (count > 1) Note(fmt::format("{} times: {}", count, note.line));
  }
}

void Console::Progress(std::string_view line) const {
  constexpr double kSecondsBetween = 0.2;
  if (!StderrIsTerminal() || (line.empty() && shown_ == 0)) return;
  const double now = MonotonicSeconds();
  if (!line.empty() && now - shown_ < kSecondsBetween) return;
  shown_ = line.empty() ? 0 : now;
  const std::string harmless = WithPictures(line);
  std::string_view drawn = FirstColumns(harmless, Columns(STDERR_FILENO).value_or(80) - 1);
  if (drawn.size() < harmless.size()) drawn = drawn.substr(0, drawn.rfind(", "));
  fmt::print(stderr, "\r\x1b[K{}", drawn);
  std::fflush(stderr);
}

void Console::PrintError(const Error& error, boost::json::object document) const {
  Progress("");
  fmt::print(stderr, "{}\n", Wrapped(fmt::format("sheepop: {}", error.what()), STDERR_FILENO));
  if (!json) return;
  document["error"] = {{"category", Name(error.category())}, {"message", error.what()}};
  try {
    PrintJson(document);
  } catch (const Error&) {
    // stdout is gone; the message stands on stderr.
  }
}

}  // namespace sheepop::cli
