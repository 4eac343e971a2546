#include "base/shell_word.h"

#include <algorithm>

namespace sheepop {

std::string ShellWord(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c < 0 ||
           std::string_view("%+,-./:=@_").find(c) != std::string_view::npos;
  };
  const std::string front = name.starts_with('-') && name.size() > 1 ? "./" : "";
  if (!name.empty() && std::ranges::all_of(name, plain)) return front + std::string(name);
  std::string word = "'" + front;
  for (const char c : name) word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + "'";
}

}  // namespace sheepop
