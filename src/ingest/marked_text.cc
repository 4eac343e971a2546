#include "ingest/marked_text.h"

#include <algorithm>

#include "base/utf8.h"
#include "ingest/text_alignment.h"

namespace sheepop {
namespace {

bool IsMark(char32_t c) { return c < 0x20 && IsLayoutMark(static_cast<char>(c)) && c != kPageBreak; }

}  // namespace

MarkedText::MarkedText(const Document& document) {
  uint32_t page = 0, marks = 0;
  auto place = document.places.begin();
  const std::u32string text = CodePointsOf(document.text);
  characters_.reserve(text.size());
  for (const char32_t c : text) {
    const bool turn = document.laid_out && c == kPageBreak;
    if (IsMark(c)) ++marks;
    // The line that the character stands in: its marks are those before it.
    const auto passed = [&](const LinePlace& p) { return p.page < page || (p.page == page && p.marks < marks); };
    while (place != document.places.end() && passed(*place)) ++place;
    const bool here = place != document.places.end() && place->page == page && place->marks == marks;
    characters_.push_back({c, page, here && !IsMark(c) && !turn ? place->confidence : -1});
    if (!turn) continue;
    ++page;
    marks = 0;
  }
}

void MarkedText::Become(std::string_view step, std::string_view text) {
  std::u32string before;
  std::vector<size_t> at;  // of its characters
  for (size_t i = 0; i < characters_.size(); ++i) {
    if (characters_[i].state == ViewPiece::State::kRemoved) continue;
    before.push_back(characters_[i].c);
    at.push_back(i);
  }
  const std::u32string after = CodePointsOf(text);
  const std::vector<TextEdit> edits = AlignTexts(before, after);
  if (edits.empty()) return;
  steps_.emplace_back(step);
  const auto number = static_cast<uint8_t>(steps_.size() - 1);
  std::vector<Character> changed;
  changed.reserve(characters_.size());
  size_t done = 0;  // of characters_
  for (const TextEdit& edit : edits) {
    const size_t begin = edit.before < at.size() ? at[edit.before] : characters_.size();
    changed.insert(changed.end(), characters_.begin() + static_cast<ptrdiff_t>(done),
                   characters_.begin() + static_cast<ptrdiff_t>(begin));
    done = edit.before_end < at.size() ? at[edit.before_end] : characters_.size();
    for (size_t i = begin; i < done; ++i) {
      Character character = characters_[i];
      // What an earlier step added and a later one takes away again nobody misses, but for the spaces between its words.
      if (character.state == ViewPiece::State::kAdded && character.c > U' ') continue;
      if (character.state != ViewPiece::State::kRemoved) {
        character.state = ViewPiece::State::kRemoved;
        character.step = number;
      }
      changed.push_back(character);
    }
    const uint32_t page = !changed.empty() ? changed.back().page : 0;
    for (size_t j = edit.after; j < edit.after_end; ++j) {
      changed.push_back({after[j], page, -1, ViewPiece::State::kAdded, number});
    }
  }
  changed.insert(changed.end(), characters_.begin() + static_cast<ptrdiff_t>(done), characters_.end());
  characters_ = std::move(changed);
}

std::vector<ViewPiece> MarkedText::Pieces(uint32_t first, uint32_t last) const {
  std::vector<ViewPiece> pieces;
  const Character* open = nullptr;
  for (const Character& c : characters_) {
    if (c.page < first || c.page >= last) continue;
    const bool same = open && open->state == c.state && open->step == c.step && open->page == c.page &&
                      open->confidence == c.confidence;
    if (!same) pieces.push_back({c.state, steps_[c.step], c.page, c.confidence, ""});
    open = &c;
    AppendUtf8(c.c, pieces.back().text);
  }
  return pieces;
}

}  // namespace sheepop
