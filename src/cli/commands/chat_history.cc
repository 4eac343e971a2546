#include "cli/commands/chat_history.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cerrno>
#include <cstdlib>
#include <sstream>

#include "base/error.h"
#include "base/file_writer.h"
#include "base/json.h"
#include "base/text_file.h"

namespace sheepop::cli {
namespace {

namespace fs = std::filesystem;

std::optional<fs::path> Variable(const char* name) {
  const char* value = std::getenv(name);
  if (!value || !*value) return std::nullopt;
  return value;
}

std::string LineOf(const std::string& message) { return boost::json::serialize(boost::json::string(message)) + "\n"; }

// The file may have been edited, or cut off where a disk was full.
std::optional<std::string> MessageOf(const std::string& line) {
  try {
    const boost::json::value value = ParseJson(line, "a message", ChatHistory::kMostInFile);
    if (const auto* text = value.if_string()) return std::string(*text);
  } catch (const Error&) {
  }
  return std::nullopt;
}

void MakeFolders(const fs::path& folder) {
  std::error_code problem;
  if (folder.empty() || fs::exists(folder, problem)) return;
  MakeFolders(folder.parent_path());
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    throw SystemError(fmt::format("cannot make the folder {}", folder.string()), errno);
  }
}

}  // namespace

std::optional<fs::path> ChatHistoryPath() {
  constexpr const char* kName = "chat_history";
  if (const auto home = Variable("SHEEPOP_HOME")) return *home / kName;
  if (const auto state = Variable("XDG_STATE_HOME"); state && state->is_absolute()) return *state / "sheepop" / kName;
  const auto home = Variable("HOME");
  std::error_code problem;
  if (!home || !fs::is_directory(*home, problem)) return std::nullopt;
  return *home / ".local" / "state" / "sheepop" / kName;
}

ChatHistory::ChatHistory(fs::path path) : path_(std::move(path)) {
  std::error_code problem;
  if (!fs::is_regular_file(path_, problem)) return;
  const std::string all = ReadFileOrStdin(path_.string());
  std::istringstream lines(all);
  for (std::string line; std::getline(lines, line);) {
    if (std::optional<std::string> message = MessageOf(line)) messages_.push_back(std::move(*message));
  }
  if (messages_.size() > kMost) messages_.erase(messages_.begin(), messages_.end() - kMost);
  if (all.size() <= kMostInFile) return;
  FileWriter file(path_);
  for (const std::string& message : messages_) file.Write(LineOf(message));
  file.Commit();
}

void ChatHistory::Add(const std::string& message) {
  if (message.size() > kMostBytes || (!messages_.empty() && messages_.back() == message)) return;
  messages_.push_back(message);
  MakeFolders(path_.parent_path());
  const int file = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
  if (file < 0) throw SystemError(fmt::format("cannot open {}", path_.string()), errno);
  const std::string line = LineOf(message);
  const ssize_t written = ::write(file, line.data(), line.size());
  const int reason = written < 0 ? errno : ENOSPC;
  ::close(file);
  if (written != static_cast<ssize_t>(line.size())) {
    throw SystemError(fmt::format("cannot write to {}", path_.string()), reason);
  }
}

}  // namespace sheepop::cli
