#include "ingest/readers/page_tables.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/document.h"

namespace sheepop {
namespace {

// A line of a block, which may be a cell of a table.
struct Fragment {
  size_t block, line;
  float middle;
};

struct Row {
  std::vector<Fragment> fragments;
};

std::vector<std::vector<Fragment>> FragmentsByColumn(const LayoutPage& page, const Gutters& gutters) {
  std::vector<std::vector<Fragment>> columns(gutters.size() + 2);
  for (size_t b = 0; b < page.blocks.size(); ++b) {
    for (size_t l = 0; l < page.blocks[b].lines.size(); ++l) {
      const LayoutBox& box = page.blocks[b].lines[l].box;
      columns[ColumnOf(box, gutters)].push_back({b, l, (box.y0 + box.y1) / 2});
    }
  }
  return columns;
}

std::vector<Row> RowsOf(std::vector<Fragment> fragments, float em) {
  std::stable_sort(fragments.begin(), fragments.end(),
                   [](const Fragment& a, const Fragment& b) { return a.middle < b.middle; });
  std::vector<Row> rows;
  for (const Fragment& fragment : fragments) {
    if (rows.empty() || fragment.middle - rows.back().fragments.front().middle > 0.5f * em) rows.emplace_back();
    rows.back().fragments.push_back(fragment);
  }
  return rows;
}

std::string TextOf(const LayoutLine& line) {
  std::string text;
  for (const LayoutWord& word : line.words) text += (text.empty() ? "" : " ") + word.text;
  return text;
}

// Takes the cells of rows [first, last) out of their blocks.
LayoutBlock TableOf(LayoutPage& page, const std::vector<Row>& rows, size_t first, size_t last) {
  LayoutBlock table;
  table.table = true;
  for (size_t r = first; r < last; ++r) {
    LayoutLine row;
    for (const Fragment& fragment : rows[r].fragments) {
      LayoutLine& line = page.blocks[fragment.block].lines[fragment.line];
      row.words.push_back({line.box, TextOf(line)});
      line.words.clear();
    }
    std::stable_sort(row.words.begin(), row.words.end(),
                     [](const LayoutWord& a, const LayoutWord& b) { return a.box.x0 < b.box.x0; });
    row.box = row.words.front().box;
    for (const LayoutWord& cell : row.words) row.box.Include(cell.box);
    if (table.lines.empty()) table.box = row.box;
    table.box.Include(row.box);
    table.lines.push_back(std::move(row));
  }
  return table;
}

// Columns of running text have lines of five words and more; cells are shorter.
bool AreCells(const LayoutPage& page, const std::vector<Row>& rows, size_t first, size_t last) {
  size_t words = 0, cells = 0;
  for (size_t r = first; r < last; ++r) {
    for (const Fragment& fragment : rows[r].fragments) {
      words += page.blocks[fragment.block].lines[fragment.line].words.size();
      ++cells;
    }
  }
  return words * 2 < cells * 7;
}

const LayoutLine& LineOf(const LayoutPage& page, const Fragment& fragment) {
  return page.blocks[fragment.block].lines[fragment.line];
}

bool IsFigure(std::string_view text) {
  const auto digits = std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits > 0 && static_cast<size_t>(digits) * 2 >= CountCharacters(text);
}

// Left to right, the two cells of a row.
std::pair<const LayoutLine*, const LayoutLine*> PairOf(const LayoutPage& page, const Row& row) {
  const LayoutLine *a = &LineOf(page, row.fragments[0]), *b = &LineOf(page, row.fragments[1]);
  return a->box.x0 <= b->box.x0 ? std::pair(a, b) : std::pair(b, a);
}

// Two columns of short lines may be a list, an index or verse, each to be read downward. They are rows where the right
// side is figures, the left side ends with colons, or the rows stand apart as no lines do.
bool ArePairs(const LayoutPage& page, const std::vector<Row>& rows, size_t first, size_t last, float em) {
  size_t pairs = 0, figures = 0, colons = 0, apart = 0;
  float left_low = 1e6f, left_high = -1e6f, right_low = 1e6f, right_high = -1e6f, end_low = 1e6f, end_high = -1e6f;
  for (size_t r = first; r < last; ++r) {
    apart += r > first && rows[r].fragments.front().middle - rows[r - 1].fragments.front().middle > 2 * em;
    if (rows[r].fragments.size() != 2) continue;
    const auto [left, right] = PairOf(page, rows[r]);
    if (right->box.x0 < left->box.x1 + em) return false;
    ++pairs;
    figures += std::all_of(right->words.begin(), right->words.end(),
                           [](const LayoutWord& word) { return IsFigure(word.text) || word.text.size() < 4; }) &&
               IsFigure(right->words.front().text + right->words.back().text);
    colons += left->words.back().text.ends_with(':');
    left_low = std::min(left_low, left->box.x0);
    left_high = std::max(left_high, left->box.x0);
    right_low = std::min(right_low, right->box.x0);
    right_high = std::max(right_high, right->box.x0);
    end_low = std::min(end_low, right->box.x1);
    end_high = std::max(end_high, right->box.x1);
  }
  const bool lined_up = left_high - left_low < 3 * em && std::min(right_high - right_low, end_high - end_low) < em;
  const size_t most = std::max({figures, colons, apart + 1});
  return lined_up && pairs >= 3 && pairs * 3 >= (last - first) * 2 && most * 4 >= pairs * 3;
}

void DropEmpty(LayoutPage& page) {
  for (LayoutBlock& block : page.blocks) {
    std::erase_if(block.lines, [](const LayoutLine& line) { return line.words.empty(); });
    if (block.lines.empty()) continue;
    block.box = block.lines.front().box;
    for (const LayoutLine& line : block.lines) block.box.Include(line.box);
  }
  std::erase_if(page.blocks, [](const LayoutBlock& block) { return block.lines.empty(); });
}

}  // namespace

void GatherTables(LayoutPage& page, const Gutters& gutters) {
  const float em = MedianHeight(page);
  std::vector<LayoutBlock> tables;
  // What stands beside a gutter belongs to the rows of its own column alone.
  for (const std::vector<Fragment>& column : FragmentsByColumn(page, gutters)) {
    const std::vector<Row> rows = RowsOf(column, em);
    std::vector<bool> taken(rows.size(), false);
    const auto gather = [&](size_t cells, const auto& is_table) {
      const auto has_cells = [&](size_t r) {
        return r < rows.size() && !taken[r] && rows[r].fragments.size() >= cells;
      };
      for (size_t first = 0; first < rows.size(); ++first) {
        if (!has_cells(first)) continue;
        size_t last = first + 1;
        // A row may lack cells, or a cell may be two lines high.
        while (has_cells(last) || (has_cells(last + 1) && !taken[last])) ++last;
        if (last - first >= 3 && is_table(first, last)) {
          tables.push_back(TableOf(page, rows, first, last));
          std::fill(taken.begin() + static_cast<ptrdiff_t>(first), taken.begin() + static_cast<ptrdiff_t>(last), true);
        }
        first = last;
      }
    };
    gather(3, [&](size_t first, size_t last) { return AreCells(page, rows, first, last); });
    gather(2, [&](size_t first, size_t last) {
      return AreCells(page, rows, first, last) && ArePairs(page, rows, first, last, em);
    });
  }
  if (tables.empty()) return;
  DropEmpty(page);
  for (LayoutBlock& table : tables) page.blocks.push_back(std::move(table));
}

}  // namespace sheepop
