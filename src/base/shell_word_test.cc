#include "base/shell_word.h"

#include <gtest/gtest.h>

namespace sheepop {
namespace {

TEST(ShellWord, OnlyWhatAShellReadsOtherwiseIsQuoted) {
  EXPECT_EQ(ShellWord("runs/mine-2.gguf"), "runs/mine-2.gguf");
  EXPECT_EQ(ShellWord("Grüße.txt"), "Grüße.txt");
  EXPECT_EQ(ShellWord("my letters/a.txt"), "'my letters/a.txt'");
  EXPECT_EQ(ShellWord("it's $HOME"), "'it'\\''s $HOME'");
  EXPECT_EQ(ShellWord(""), "''");
  EXPECT_EQ(ShellWord("-o"), "./-o");
  EXPECT_EQ(ShellWord("- o"), "'./- o'");
  EXPECT_EQ(ShellWord("-"), "-");
  EXPECT_EQ(ShellWord("~/x"), "'~/x'");
}

}  // namespace
}  // namespace sheepop
