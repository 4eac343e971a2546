// Where one text was changed into another: what a cleaning step removed and added.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace sheepop {

// [before, before_end) of the first text became [after, after_end) of the second; code points.
struct TextEdit {
  size_t before = 0, before_end = 0;
  size_t after = 0, after_end = 0;
  bool operator==(const TextEdit&) const = default;
};

// The edits, ascending, between which both texts are equal. Small where the changes are local, though not always the fewest;
// a removal begins at a line or word where it may. Takes time linear in the texts for local changes, and gives up on the
// rest of texts that have nothing to do with each other.
std::vector<TextEdit> AlignTexts(std::u32string_view before, std::u32string_view after);

}  // namespace sheepop
