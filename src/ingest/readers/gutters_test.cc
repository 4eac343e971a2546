#include "ingest/readers/gutters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ingest/readers/layout_test_support.h"
#include "ingest/readers/page_tables.h"

namespace sheepop {
namespace {

// Words between two places, the spaces between them equal, as justified lines have them.
LayoutLine Filled(float x0, float x1, float y, const std::vector<std::string>& words) {
  LayoutLine line;
  float letters = 0;
  for (const std::string& text : words) letters += static_cast<float>(text.size());
  const float letter = 4.5f, space = (x1 - x0 - letter * letters) / static_cast<float>(words.size() - 1);
  float x = x0;
  for (const std::string& text : words) {
    const float width = letter * static_cast<float>(text.size());
    line.words.push_back({{x, y, x + width, y + 10}, text});
    x += width + space;
  }
  line.box = {x0, y, x1, y + 10};
  return line;
}

LayoutLine Joined(LayoutLine left, const LayoutLine& right) {
  left.words.insert(left.words.end(), right.words.begin(), right.words.end());
  left.box.Include(right.box);
  return left;
}

// Other words come first on each line, so that the spaces stand in other places.
std::vector<std::string> Turned(std::vector<std::string> words, float y) {
  std::rotate(words.begin(), words.begin() + static_cast<ptrdiff_t>(y / 13) % static_cast<ptrdiff_t>(words.size()),
              words.end());
  return words;
}

LayoutLine Left(float y) { return Filled(60, 200, y, Turned({"left", "of", "the", "narrow", "strip", "we", "go"}, y)); }
LayoutLine Right(float y) {
  return Filled(210, 350, y, Turned({"right", "a", "brook", "is", "seen", "and", "mills"}, y));
}

std::string TextOf(const LayoutLine& line) {
  std::string text;
  for (const LayoutWord& word : line.words) text += word.text + (&word == &line.words.back() ? ";" : " ");
  return text;
}

std::string Shown(const LayoutPage& page) {
  std::string out;
  for (const LayoutBlock& block : page.blocks) {
    out += block.table ? "<" : "[";
    for (const LayoutLine& line : block.lines) out += TextOf(line);
    out += block.table ? ">" : "]";
  }
  return out;
}

TEST(Gutters, PartJoinedLinesAndMixedBlocks) {
  std::vector<LayoutLine> lines;
  for (int i = 0; i < 6; ++i) {
    const float y = 100 + 13 * static_cast<float>(i);
    if (i % 2 == 0) {
      lines.push_back(Joined(Left(y), Right(y)));
    } else {
      lines.push_back(Right(y));
      lines.push_back(Left(y));
    }
  }
  LayoutPage page{420, 595, {BlockOf({Filled(60, 350, 70, {"a", "title", "over", "both"})}), BlockOf(lines)}};
  const Gutters gutters = FindGutters(page);
  ASSERT_EQ(gutters.size(), 1U);
  EXPECT_NEAR(gutters[0].left, 200, 1);
  EXPECT_NEAR(gutters[0].right, 210, 1);
  PartAtGutters(page, gutters);
  std::string left, right;
  for (int i = 0; i < 6; ++i) {
    left += TextOf(Left(100 + 13 * static_cast<float>(i)));
    right += TextOf(Right(100 + 13 * static_cast<float>(i)));
  }
  EXPECT_EQ(Shown(page), "[a title over both;][" + left + "][" + right + "]");
}

TEST(Gutters, PiecesOfALooseLineBecomeOne) {
  std::vector<LayoutLine> lines;
  for (int i = 0; i < 6; ++i) {
    const float y = 100 + 13 * static_cast<float>(i);
    LayoutLine right = Right(y), last = right;
    if (i != 3) {
      lines.push_back(Joined(Left(y + 4), right));
      continue;
    }
    right.words.resize(2);
    last.words.erase(last.words.begin(), last.words.begin() + 2);
    right.box = right.words.front().box;
    right.box.Include(right.words.back().box);
    last.box.x0 = last.words.front().box.x0;
    lines.push_back(last);
    lines.push_back(Joined(Left(y + 4), right));
  }
  LayoutPage page{420, 595, {BlockOf(lines)}};
  PartAtGutters(page, FindGutters(page));
  ASSERT_EQ(page.blocks.size(), 2U) << Shown(page);
  std::string right;
  for (int i = 0; i < 6; ++i) right += TextOf(Right(100 + 13 * static_cast<float>(i)));
  EXPECT_EQ(Shown({0, 0, {page.blocks[1]}}), "[" + right + "]");
}

TEST(Gutters, LineAcrossEndsTheColumnsAboveIt) {
  std::vector<LayoutLine> lines;
  for (int i = 0; i < 12; ++i) {
    const float y = 100 + 13 * static_cast<float>(i);
    lines.push_back(i == 6 ? Filled(60, 350, y, {"one", "line", "runs", "across", "the", "strip", "there"})
                           : Joined(Left(y), Right(y)));
  }
  LayoutPage page{420, 595, {BlockOf(lines)}};
  PartAtGutters(page, FindGutters(page));
  ASSERT_EQ(page.blocks.size(), 5U) << Shown(page);
  EXPECT_EQ(page.blocks[2].lines.size(), 1U);
  EXPECT_EQ(page.blocks[0].lines.size() + page.blocks[1].lines.size(), 12U);
  EXPECT_EQ(page.blocks[3].lines.size() + page.blocks[4].lines.size(), 10U);
}

TEST(Gutters, ShortPageTakesThoseOfItsNeighbours) {
  std::vector<LayoutLine> lines;
  for (int i = 0; i < 2; ++i)
    lines.push_back(Joined(Left(100 + 13.0f * static_cast<float>(i)), Right(100 + 13.0f * static_cast<float>(i))));
  LayoutPage page{420, 595, {BlockOf(lines)}};
  EXPECT_TRUE(FindGutters(page).empty());
  PartAtGutters(page, FindGutters(page, {{200, 210, 0, 0}}));
  EXPECT_EQ(page.blocks.size(), 2U) << Shown(page);
}

TEST(Gutters, AreNeitherSpacesNorTables) {
  std::vector<LayoutLine> prose, cells;
  const std::vector<std::vector<std::string>> words = {
      {"justified", "lines", "with", "wide", "spaces", "all", "over"},
      {"but", "nowhere", "one", "above", "the", "other", "here"},
      {"so", "that", "every", "place", "is", "crossed", "by", "words"}};
  for (int i = 0; i < 12; ++i) {
    const float y = 100 + 13 * static_cast<float>(i);
    prose.push_back(Filled(60, 350, y, words[static_cast<size_t>(i) % 3]));
    cells.push_back(Joined(Filled(60, 110, y, {"Mill", "brook"}), Filled(210, 250, y, {"40", "12"})));
  }
  const LayoutPage one{420, 595, {BlockOf(prose)}}, table{420, 595, {BlockOf(cells)}};
  EXPECT_TRUE(FindGutters(one).empty());
  EXPECT_TRUE(FindGutters(one, {{200, 210, 0, 0}}).empty());
  EXPECT_TRUE(FindGutters(table).empty());
  EXPECT_TRUE(FindGutters(table, {{150, 160, 0, 0}}).empty());
}

TEST(Gutters, AreNoSpacesOfLinesThatAreAlike) {
  std::vector<LayoutLine> lines;
  for (int i = 0; i < 12; ++i) {
    lines.push_back(Filled(60, 276, 100 + 13 * static_cast<float>(i),
                           {"The", "sheep", "of", "the", "valley", "go", "over", "the", "hill"}));
  }
  EXPECT_TRUE(FindGutters({420, 595, {BlockOf(lines)}}).empty());
}

TEST(Gutters, TableOfOneColumnTakesNothingOfTheNext) {
  std::vector<LayoutLine> left = {Left(100)}, right;
  left.push_back(Filled(70, 190, 113, {"House", "Damage", "Paid"}));
  for (int i = 0; i < 3; ++i) {
    const float y = 126 + 13 * static_cast<float>(i);
    left.push_back(Filled(70, 110, y, {"The", "inn"}));
    left.push_back(Filled(120, 150, y, {"4", "0"}));
    left.push_back(Filled(165, 190, y, {"1", "2"}));
  }
  for (int i = 5; i < 12; ++i) left.push_back(Left(100 + 13.0f * static_cast<float>(i)));
  for (int i = 0; i < 12; ++i) right.push_back(Right(100 + 13.0f * static_cast<float>(i)));
  LayoutPage page{420, 595, {BlockOf(left), BlockOf(right)}};
  const Gutters gutters = FindGutters(page);
  PartAtGutters(page, gutters);
  GatherTables(page, gutters);
  ASSERT_EQ(page.blocks.size(), 4U) << Shown(page);
  EXPECT_EQ(page.blocks[0].lines.size(), 1U) << "what stands above the table";
  EXPECT_EQ(page.blocks[1].lines.size(), 7U) << "what stands below it";
  EXPECT_EQ(page.blocks[2].lines.size(), 12U);
  EXPECT_EQ(Shown({0, 0, {page.blocks[3]}}), "<House Damage Paid;The inn 4 0 1 2;The inn 4 0 1 2;The inn 4 0 1 2;>");
  EXPECT_EQ(page.blocks[3].lines[0].words.size(), 3U) << "the heading that poppler made one line of";
}

}  // namespace
}  // namespace sheepop
