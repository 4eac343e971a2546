// Pages for the tests of layout.
#pragma once

#include <utility>
#include <vector>

#include "ingest/readers/layout.h"

namespace sheepop {

// Around all of its lines, of which there is one at least.
inline LayoutBlock BlockOf(std::vector<LayoutLine> lines) {
  LayoutBlock block;
  block.box = lines.front().box;
  for (const LayoutLine& line : lines) block.box.Include(line.box);
  block.lines = std::move(lines);
  return block;
}

}  // namespace sheepop
