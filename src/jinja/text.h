// Text that knows, byte for byte, whether it came from the conversation or from the template's author.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sheepop::jinja {

// UTF-8. Cheap to append to; a mark costs nothing where neighbours have the same one.
class Text {
 public:
  struct Run {
    size_t end;  // bytes; the run begins where the one before ends
    bool from_content;
  };

  Text() = default;
  Text(std::string_view bytes, bool from_content) { Append(bytes, from_content); }

  const std::string& bytes() const { return bytes_; }
  const std::vector<Run>& runs() const { return runs_; }
  size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  bool HasContent() const;
  bool FromContentAt(size_t byte) const;

  void Append(std::string_view bytes, bool from_content);
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
