#include "ingest/text_alignment.h"

#include <gtest/gtest.h>

#include <string>

namespace sheepop {
namespace {

using Edits = std::vector<TextEdit>;

// What the edits make of the first text.
std::u32string Applied(std::u32string_view before, std::u32string_view after, const Edits& edits) {
  std::u32string out;
  size_t done = 0;
  for (const TextEdit& edit : edits) {
    out += before.substr(done, edit.before - done);
    out += after.substr(edit.after, edit.after_end - edit.after);
    done = edit.before_end;
  }
  return out + std::u32string(before.substr(done));
}

void ExpectEdits(std::u32string_view before, std::u32string_view after, const Edits& expected) {
  const Edits edits = AlignTexts(before, after);
  EXPECT_EQ(edits, expected);
  EXPECT_TRUE(Applied(before, after, edits) == after);
}

TEST(AlignTexts, NamesWhatWasRemovedAndAdded) {
  ExpectEdits(U"", U"", {});
  ExpectEdits(U"the same", U"the same", {});
  ExpectEdits(U"inter-\nnational", U"international", {{5, 7, 5, 5}});
  ExpectEdits(U"a line\nand another", U"a line and another", {{6, 7, 6, 7}});
  ExpectEdits(U"", U"all of it", {{0, 0, 0, 9}});
  ExpectEdits(U"all of it", U"", {{0, 9, 0, 0}});
}

TEST(AlignTexts, ARemovalBeginsAtALine) {
  ExpectEdits(U"it ended.\nThe book 12\nThe next began.", U"it ended.\nThe next began.", {{10, 22, 10, 10}});
}

TEST(AlignTexts, SentencesThatBeginAlikeAreToldApart) {
  ExpectEdits(U"The Mill 1\n\nThe Mill\n\nThe mill stood in the wood.", U"The Mill\n\nThe mill stood in the wood.",
              {{0, 12, 0, 0}});
  ExpectEdits(U"a\nb\nc\nd\ne\nf", U"a b c d e f",
              {{1, 2, 1, 2}, {3, 4, 3, 4}, {5, 6, 5, 6}, {7, 8, 7, 8}, {9, 10, 9, 10}});
}

TEST(AlignTexts, FarRemovalsAreFound) {
  const std::u32string licence(5000, U'x'), tale = U"Once upon a time there was a shepherd who counted his sheep.";
  ExpectEdits(licence + tale, tale, {{0, 5000, 0, 0}});
  ExpectEdits(tale + licence, tale, {{tale.size(), tale.size() + 5000, tale.size(), tale.size()}});
  ExpectEdits(tale, licence + tale, {{0, 0, 0, 5000}});
}

TEST(AlignTexts, TextsWithNothingInCommonAreReplaced) {
  const std::u32string before(20'000, U'x'), after(30'000, U'y');
  ExpectEdits(before, after, {{0, 20'000, 0, 30'000}});
}

TEST(AlignTexts, ManyEditsEndInTheSecondText) {
  std::u32string before, after;
  for (uint32_t i = 0; i < 20'000; ++i) {
    const char32_t letter = U'a' + (i * i + i / 7) % 23;
    before += letter;
    if (i % 13 != 0) after += letter;
    if (i % 17 == 0) after += U'-';
  }
  EXPECT_TRUE(Applied(before, after, AlignTexts(before, after)) == after);
}

}  // namespace
}  // namespace sheepop
