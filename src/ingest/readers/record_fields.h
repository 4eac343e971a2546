// Which fields of a record are its text, as --field says: one by its name, several whose names are parted by commas, or all.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sheepop {

class RecordFields {
 public:
  // "" means the field `text`, or else `content`.
  explicit RecordFields(std::string wanted) : wanted_(std::move(wanted)) {}

  // The places of the fields among `names`, in the order in which they are wanted; with `every`, empty where one of them is
  // not there. A name that holds a comma, or is "*", counts as that name first.
  std::vector<size_t> In(const std::vector<std::string>& names, bool every) const;

  // True where several fields may be wanted; one name may still be meant.
  bool MayBeLines() const { return wanted_ == "*" || wanted_.find(',') != std::string::npos; }

  // True where the text of a record with these fields is a line "name: value" for each that is not empty, and not one of
  // them alone.
  bool AreLines(const std::vector<std::string>& names) const;

  // Why there is no text, and how to name it.
  std::string Missing(const std::vector<std::string>& names) const;

 private:
  std::string wanted_;
};

// Adds the line "name: value" to `text`; nothing for an empty value.
void AddField(std::string_view name, std::string_view value, std::string& text);

}  // namespace sheepop
