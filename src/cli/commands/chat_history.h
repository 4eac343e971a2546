// What was said in chats before, for the keys that bring it back: a file of JSON strings, a line each, that its owner
// alone can read.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sheepop::cli {

// $SHEEPOP_HOME/chat_history, by default $XDG_STATE_HOME/sheepop/chat_history, which is ~/.local/state/sheepop/...; none
// where there is no home.
std::optional<std::filesystem::path> ChatHistoryPath();

class ChatHistory {
 public:
  static constexpr size_t kMost = 1000;            // messages that are kept
  static constexpr size_t kMostBytes = 8 << 10;    // of a message that is kept
  static constexpr size_t kMostInFile = 16 << 20;  // beyond which the oldest are dropped when a chat begins

  // Reads what is there: the last kMost messages. Lines that are none are passed over. Throws kIo where the file cannot be
  // read or, being too long, written anew.
  explicit ChatHistory(std::filesystem::path path);

  const std::vector<std::string>& messages() const { return messages_; }  // the oldest first
  const std::filesystem::path& path() const { return path_; }

  // Adds it behind what other chats may have written meanwhile, unless it is too long or what was said last. The file
  // and the folders it needs are made, for their owner alone. Throws kIo.
  void Add(const std::string& message);

 private:
  std::filesystem::path path_;
  std::vector<std::string> messages_;
};

}  // namespace sheepop::cli
