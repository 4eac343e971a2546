// A text that steps change, in which every character that ever stood in it is kept, with its page and its fate.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/document_view.h"

namespace sheepop {

class MarkedText {
 public:
  // What a reader found.
  explicit MarkedText(const Document& document);

  // `text` is what `step` made of it.
  void Become(std::string_view step, std::string_view text);

  // Of the pages [first, last).
  std::vector<ViewPiece> Pieces(uint32_t first, uint32_t last) const;

 private:
  struct Character {
    char32_t c;
    uint32_t page;
    float confidence;
    ViewPiece::State state = ViewPiece::State::kKept;
    uint8_t step = 0;  // of steps_
  };

  std::vector<Character> characters_;
  std::vector<std::string> steps_{""};
};

}  // namespace sheepop
