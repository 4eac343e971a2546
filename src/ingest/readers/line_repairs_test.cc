#include "ingest/readers/line_repairs.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ingest/readers/layout_test_support.h"

namespace sheepop {
namespace {

// A line of words, each letter half as wide as high, from its left upper corner on.
LayoutLine Line(float x, float y, float height, const std::vector<std::string>& words) {
  LayoutLine line;
  for (const std::string& text : words) {
    const float width = 0.5f * height * static_cast<float>(text.size());
    line.words.push_back({{x, y, x + width, y + height}, text});
    x += width + 0.3f * height;
  }
  line.box = line.words.front().box;
  line.box.Include(line.words.back().box);
  return line;
}

std::string Shown(const LayoutPage& page) {
  std::string out;
  for (const LayoutBlock& block : page.blocks) {
    out += "[";
    for (const LayoutLine& line : block.lines) {
      for (const LayoutWord& word : line.words) out += word.text + (&word == &line.words.back() ? ";" : " ");
    }
    out += "]";
  }
  return out;
}

LayoutPage Page(std::vector<LayoutBlock> blocks) { return {600, 800, std::move(blocks)}; }

TEST(JoinMarks, PutsMarksBeforeTheirNotes) {
  LayoutPage page =
      Page({BlockOf({Line(100, 100, 10, {"The", "text", "of", "1871"})}), BlockOf({Line(100, 698, 5, {"1"})}),
            BlockOf({Line(104, 700, 8, {"The", "first", "note."}), Line(100, 709, 5, {"2"}),
                     Line(104, 711, 8, {"The", "second", "goes"}), Line(100, 722, 8, {"on", "here."})}),
            BlockOf({Line(100, 731, 5, {"*"})}), BlockOf({Line(104, 733, 8, {"The", "third."})})});
  JoinMarks(page);
  EXPECT_EQ(Shown(page), "[The text of 1871;][1 The first note.;][2 The second goes;on here.;][* The third.;]");
}

TEST(JoinMarks, PutsNumbersOfSmallNotesBeforeThem) {
  const std::vector<LayoutLine> text(5, Line(100, 100, 11, {"The", "text", "of", "1871"}));
  LayoutPage page = Page({BlockOf(text), BlockOf({Line(100, 700, 8, {"1"}), Line(100, 710, 8, {"2"})}),
                          BlockOf({Line(112, 700, 8, {"The", "first."}), Line(112, 710, 8, {"The", "second."})})});
  JoinMarks(page);
  EXPECT_TRUE(Shown(page).ends_with("[1 The first.;][2 The second.;]")) << Shown(page);
}

TEST(JoinMarks, PutsSignsOfListsBeforeTheirItems) {
  LayoutPage page = Page({BlockOf({Line(100, 101, 9, {"\uE00C"}), Line(100, 113, 9, {"\u2022"})}),
                          BlockOf({Line(118, 100, 11, {"Rope"}), Line(118, 112, 11, {"Two", "lanterns"})}),
                          BlockOf({Line(100, 300, 11, {"\u2022"})})});
  JoinMarks(page);
  EXPECT_EQ(Shown(page), "[\uE00C Rope;\u2022 Two lanterns;][\u2022;]");
}

TEST(JoinMarks, LeavesOtherNumbers) {
  for (const LayoutLine& number :
       {Line(300, 780, 10, {"12"}), Line(100, 700, 8, {"12"}), Line(60, 698, 5, {"12"}), Line(100, 690, 5, {"12"})}) {
    LayoutPage page = Page({BlockOf({number}), BlockOf({Line(106, 700, 8, {"A", "line"})})});
    const std::string before = Shown(page);
    JoinMarks(page);
    EXPECT_EQ(Shown(page), before);
  }
}

TEST(PartColumns, PartsAHeadingFromTheTextBesideIt) {
  LayoutLine both = Line(72, 100, 14, {"A", "Narrow", "Val-"});
  const LayoutLine right = Line(302, 102, 10, {"which", "follow", "the"});
  both.words.insert(both.words.end(), right.words.begin(), right.words.end());
  both.box.Include(right.box);
  std::vector<LayoutLine> left, beside = {Line(302, 114, 10, {"ridge", "of"})};
  for (int i = 0; i < 4; ++i) {
    left.push_back(Line(72, 150 + 12 * static_cast<float>(i), 10, {"text", "of", "this"}));
    beside.push_back(Line(302, 126 + 12 * static_cast<float>(i), 10, {"text", "of", "that"}));
  }
  std::vector<LayoutLine> mixed = {both, beside.front(), Line(72, 116, 14, {"ley"})};
  LayoutPage page = Page({BlockOf(mixed), BlockOf(left), BlockOf({beside.begin() + 1, beside.end()})});
  PartColumns(page);
  EXPECT_EQ(
      Shown(page),
      "[A Narrow Val-;ley;][which follow the;ridge of;]"
      "[text of this;text of this;text of this;text of this;][text of that;text of that;text of that;text of that;]");
}

TEST(PartColumns, LeavesLinesOfOneColumn) {
  LayoutLine run_in = Line(72, 100, 14, {"Note"});
  const LayoutLine small = Line(130, 103, 10, {"in", "small", "type"});
  run_in.words.insert(run_in.words.end(), small.words.begin(), small.words.end());
  LayoutPage page =
      Page({BlockOf({run_in, Line(72, 120, 10, {"and", "the", "text"}), Line(72, 132, 10, {"of", "it"})})});
  const std::string before = Shown(page);
  PartColumns(page);
  EXPECT_EQ(Shown(page), before);
}

}  // namespace
}  // namespace sheepop
