// Text that knows, byte for byte, whether it came from the conversation, and from which message, or from the template's
// author.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sheepop::jinja {

// The template itself, what is given to it besides messages, or a message (FromMessage).
enum class Origin : uint32_t { kTemplate, kContent, kFirstMessage };

constexpr Origin FromMessage(size_t number) {
  return static_cast<Origin>(static_cast<size_t>(Origin::kFirstMessage) + number);
}
constexpr std::optional<size_t> MessageOf(Origin origin) {
  if (origin < Origin::kFirstMessage) return std::nullopt;
  return static_cast<size_t>(origin) - static_cast<size_t>(Origin::kFirstMessage);
}
constexpr bool IsContent(Origin origin) { return origin != Origin::kTemplate; }
// Of what is made of both: content where either is, of the first that is.
constexpr Origin Joined(Origin first, Origin second) { return IsContent(first) ? first : second; }

// UTF-8. Cheap to append to; a mark costs nothing where neighbours have the same one.
class Text {
 public:
  struct Run {
    size_t end;  // bytes; the run begins where the one before ends
    Origin origin;
  };

  Text() = default;
  Text(std::string_view bytes, Origin origin) { Append(bytes, origin); }

  const std::string& bytes() const { return bytes_; }
  const std::vector<Run>& runs() const { return runs_; }
  size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  Origin origin() const;  // of the whole: of its first content, where it has any
  Origin OriginAt(size_t byte) const;

  void Append(std::string_view bytes, Origin origin);
  void Append(const Text& other) { Append(other, 0, other.size()); }
  // The bytes [begin, end) of `other` with their marks.
  void Append(const Text& other, size_t begin, size_t end);
  Text Slice(size_t begin, size_t end) const;

 private:
  size_t RunAt(size_t byte) const;

  std::string bytes_;
  std::vector<Run> runs_;
};

}  // namespace sheepop::jinja
