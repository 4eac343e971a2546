#include "cli/commands/line_reader.h"

#include <gtest/gtest.h>

namespace sheepop::cli {
namespace {

using Key = TypedLine::Key;

// What a line is after these keys, and what the terminal showed.
struct Typed {
  explicit Typed(std::string_view keys) {
    for (const char key : keys) last = line.Take(key, echo);
    text = line.Finish();
  }
  TypedLine line;
  Key last = Key::kMore;
  std::string text, echo;
};

TEST(TypedLine, EndsAtEnter) {
  const Typed typed("sheep\r");
  EXPECT_EQ(typed.last, Key::kLine);
  EXPECT_EQ(typed.text, "sheep");
  EXPECT_EQ(typed.echo, "sheep\n");
  EXPECT_EQ(Typed("").text, "");
  EXPECT_EQ(Typed("\x04").last, Key::kEnd);
  EXPECT_EQ(Typed("a\x04").last, Key::kMore);
}

TEST(TypedLine, ErasesCharactersWordsAndLines) {
  EXPECT_EQ(Typed("sheeq\x7fp").text, "sheep");
  EXPECT_EQ(Typed("sheeq\bp").echo, "sheeq\b \bp");
  EXPECT_EQ(Typed("a\u00e9\u732b\x7f").text, "a\u00e9");
  EXPECT_EQ(Typed("\u732b\x7f").echo, "\u732b\b \b\b \b");
  EXPECT_EQ(Typed("one two  \x17").text, "one ");
  EXPECT_EQ(Typed("one two\x15\x7f").text, "");
}

TEST(TypedLine, KeepsTheLinesOfAPasteTogether) {
  const Typed typed("see: \x1b[200~one\rtwo\x7f\n\x1b[201~.");
  EXPECT_EQ(typed.last, Key::kMore);
  EXPECT_EQ(typed.text, "see: one\ntwo\x7f.");
  EXPECT_EQ(typed.echo.find('\x1b'), std::string::npos);
  EXPECT_EQ(Typed("\x1b[200~one\ntwo\x1b[201~\x15").text, "one\n");  // the line above stays on the screen
}

TEST(TypedLine, TakesNoTextFromOtherKeys) {
  EXPECT_EQ(Typed("a\x1b[D\x1b[3~\x1bOPb\x1bxc").text, "abc");
  EXPECT_EQ(Typed("\x1b[" + std::string(40, '1') + "a").text, "111111111a");
}

}  // namespace
}  // namespace sheepop::cli
