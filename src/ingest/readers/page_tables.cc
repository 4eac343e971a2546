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

// The words of a line, parted where the gaps are wider than between words.
std::vector<LayoutLine> PiecesOf(const LayoutLine& line) {
  constexpr float kWideGap = 0.8f;  // of the line's height
  std::vector<LayoutLine> pieces;
  for (const LayoutWord& word : line.words) {
    const bool apart = pieces.empty() || word.box.x0 - pieces.back().box.x1 >= kWideGap * line.box.height();
    if (apart) pieces.push_back({word.box, {}});
    pieces.back().box.Include(word.box);
    pieces.back().words.push_back(word);
  }
  return pieces;
}

// A row that poppler joined into one line, as its cells: each stands in another of the columns. Empty where it is none.
std::vector<LayoutLine> CellsOf(const LayoutLine& line, const std::vector<LayoutBox>& columns) {
  std::vector<LayoutLine> pieces = PiecesOf(line);
  size_t next = 0;
  for (const LayoutLine& piece : pieces) {
    const auto in = [&](const LayoutBox& column) { return piece.box.x0 < column.x1 && column.x0 < piece.box.x1; };
    while (next < columns.size() && !in(columns[next])) ++next;
    if (next == columns.size() || (next + 1 < columns.size() && in(columns[next + 1]))) return {};
    ++next;
  }
  if (pieces.size() < 2) return {};
  return pieces;
}

// From the row with most cells of [first, last), widened by the others that have as many; from left to right.
std::vector<LayoutBox> TableColumns(const LayoutPage& page, const std::vector<Row>& rows, size_t first, size_t last) {
  std::vector<LayoutBox> columns;
  for (size_t r = first; r < last; ++r) {
    std::vector<LayoutBox> cells;
    for (const Fragment& fragment : rows[r].fragments) {
      cells.push_back(page.blocks[fragment.block].lines[fragment.line].box);
    }
    if (cells.size() < columns.size()) continue;
    std::sort(cells.begin(), cells.end(), [](const LayoutBox& a, const LayoutBox& b) { return a.x0 < b.x0; });
    if (cells.size() == columns.size()) {
      for (size_t i = 0; i < cells.size(); ++i) cells[i].Include(columns[i]);
    }
    columns = std::move(cells);
  }
  return columns;
}

bool IsJoinedRow(const LayoutPage& page, const Row& row, const std::vector<LayoutBox>& columns) {
  if (row.fragments.size() != 1) return false;
  const Fragment& only = row.fragments.front();
  return !CellsOf(page.blocks[only.block].lines[only.line], columns).empty();
}

// Takes the cells of rows [first, last) out of their blocks.
LayoutBlock TableOf(LayoutPage& page, const std::vector<Row>& rows, size_t first, size_t last) {
  const std::vector<LayoutBox> columns = TableColumns(page, rows, first, last);
  LayoutBlock table;
  table.table = true;
  for (size_t r = first; r < last; ++r) {
    LayoutLine row;
    for (const Fragment& fragment : rows[r].fragments) {
      LayoutLine& line = page.blocks[fragment.block].lines[fragment.line];
      std::vector<LayoutLine> cells;
      if (rows[r].fragments.size() == 1) cells = CellsOf(line, columns);
      if (cells.empty()) cells.push_back(line);
      for (const LayoutLine& cell : cells) row.words.push_back({cell.box, TextOf(cell)});
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

// What stood above a table and what stood below it are blocks of their own.
void DropEmpty(LayoutPage& page) {
  std::vector<LayoutBlock> blocks;
  for (LayoutBlock& block : page.blocks) {
    bool follows = false;
    LayoutBlock empty = block;
    empty.lines.clear();
    for (LayoutLine& line : block.lines) {
      if (line.words.empty()) {
        follows = false;
        continue;
      }
      if (!follows) {
        blocks.push_back(empty);
        blocks.back().box = line.box;
      }
      follows = true;
      blocks.back().box.Include(line.box);
      blocks.back().lines.push_back(std::move(line));
    }
  }
  page.blocks = std::move(blocks);
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
          const std::vector<LayoutBox> columns = TableColumns(page, rows, first, last);
          const bool head = first > 0 && !taken[first - 1] && IsJoinedRow(page, rows[first - 1], columns) &&
                            rows[first].fragments.front().middle - rows[first - 1].fragments.front().middle < 2.5f * em;
          const size_t begin = head ? first - 1 : first;
          tables.push_back(TableOf(page, rows, begin, last));
          std::fill(taken.begin() + static_cast<ptrdiff_t>(begin), taken.begin() + static_cast<ptrdiff_t>(last), true);
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
