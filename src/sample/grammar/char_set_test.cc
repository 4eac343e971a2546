#include "sample/grammar/char_set.h"

#include <gtest/gtest.h>

#include <random>

namespace sheepop::grammar {
namespace {

using Ranges = std::vector<CharSet::Range>;

Ranges Of(const CharSet& set) { return Ranges(set.ranges().begin(), set.ranges().end()); }

TEST(CharSet, JoinsRangesAndLeavesOutWhatIsNoCharacter) {
  EXPECT_EQ(Of(CharSet({{'c', 'd'}, {'a', 'b'}, {'x', 'y'}, {'z', 'a'}})), (Ranges{{'a', 'd'}, {'x', 'y'}}));
  EXPECT_EQ(Of(CharSet({{0xD7FF, 0xE000}})), (Ranges{{0xD7FF, 0xD7FF}, {0xE000, 0xE000}}));
  EXPECT_TRUE(CharSet({{0xD800, 0xDFFF}}).empty());
  EXPECT_EQ(Of(CharSet({{0x10FFFE, 0x7FFFFFFF}})), (Ranges{{0x10FFFE, 0x10FFFF}}));
  EXPECT_EQ(CharSet::All().size(), 0x110000U - 0x800U);
  EXPECT_TRUE(CharSet::All().Complement().empty());
  EXPECT_EQ(CharSet().Complement(), CharSet::All());
}

TEST(CharSet, AgreesWithWhatItsCharactersSay) {
  std::mt19937 random(1);
  for (int round = 0; round < 100; ++round) {
    const auto draw = [&] {
      Ranges ranges;
      for (uint32_t i = random() % 4; i > 0; --i) {
        const char32_t first = static_cast<char32_t>((random() % 2 == 0 ? 0xD7F0 : 0xDFF0) + random() % 0x30);
        ranges.push_back({first, first + static_cast<char32_t>(random() % 20)});
      }
      return CharSet(ranges);
    };
    const CharSet a = draw();
    const CharSet b = draw();
    for (char32_t c = 0xD7E0; c < 0xE060; c += c == 0xD820 ? 0x7C0 : 1) {
      ASSERT_EQ(a.Union(b).Has(c), a.Has(c) || b.Has(c));
      ASSERT_EQ(a.Intersection(b).Has(c), a.Has(c) && b.Has(c));
      ASSERT_EQ(a.Complement().Has(c), !a.Has(c) && (c < 0xD800 || c > 0xDFFF));
    }
  }
}

}  // namespace
}  // namespace sheepop::grammar
