#include "sample/grammar/regex.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "sample/grammar/byte_language.h"
#include "sample/grammar/testing_regex.h"

namespace sheepop::grammar {
namespace {

RegexId Letters(RegexPool& pool) { return pool.Chars(CharSet({{'a', 'c'}})); }

// Random expressions: each finds what the definition says, and so does what is made of it.
TEST(Regex, AgreesWithTheDefinition) {
  std::mt19937 random(7);
  const std::vector<std::string> words = WordsUpTo(4);
  for (int round = 0; round < 400; ++round) {
    const PlainRegex plain = PlainRegex::Random(random, 3);
    RegexPool pool;
    const RegexId regex = plain.In(pool);
    const RegexId reverse = pool.Reverse(regex);
    const RegexId non_empty = pool.NonEmpty(regex);
    bool any = false;
    for (const std::string& word : words) {
      const bool matches = plain.Matches(word);
      any |= matches;
      ASSERT_EQ(pool.Matches(regex, word), matches) << round << " " << word;
      ASSERT_EQ(pool.Matches(pool.Complement(regex), word), !matches) << round << " " << word;
      ASSERT_EQ(pool.Matches(non_empty, word), matches && !word.empty()) << round << " " << word;
      ASSERT_EQ(pool.Matches(reverse, std::string(word.rbegin(), word.rend())), matches) << round << " " << word;
    }
    ASSERT_EQ(pool.Nullable(regex), plain.Matches(""));
    ASSERT_FALSE(any && pool.IsNone(regex)) << round;
  }
}

// Over three letters alone, expressions of this size have a short word or none.
TEST(Regex, KnowsWhetherThereIsAWord) {
  std::mt19937 random(11);
  const std::vector<std::string> words = WordsUpTo(5);
  int none = 0;
  for (int round = 0; round < 400; ++round) {
    const PlainRegex plain = PlainRegex::Random(random, 2);
    const PlainRegex other = PlainRegex::Random(random, 2);
    RegexPool pool;
    const RegexId all = pool.Intersection(
        std::vector{plain.In(pool), pool.Complement(other.In(pool)), pool.Repeat(Letters(pool), 0, std::nullopt)});
    const bool found = std::any_of(words.begin(), words.end(), [&](const std::string& word) {
      return plain.Matches(word) && !other.Matches(word);
    });
    ASSERT_EQ(pool.IsNone(all), !found) << round;
    none += found ? 0 : 1;
    for (const RegexPool::Class& one : pool.Derivatives(all)) ASSERT_FALSE(one.chars.empty());
  }
  EXPECT_GT(none, 40);
}

TEST(Regex, ListsTheWordsOfWhatIsFinite) {
  std::mt19937 random(13);
  std::vector<std::string> words = WordsUpTo(4);
  std::sort(words.begin(), words.end());
  for (int round = 0; round < 300; ++round) {
    const PlainRegex plain = PlainRegex::Random(random, 3);
    RegexPool pool;
    const RegexId short_ones = pool.Intersection(plain.In(pool), pool.Repeat(Letters(pool), 0, 4));
    std::vector<std::string> expected;
    for (const std::string& word : words) {
      if (plain.Matches(word)) expected.push_back(word);
    }
    ASSERT_EQ(pool.Words(short_ones, expected.size()), expected) << round;
    if (expected.empty()) continue;
    ASSERT_EQ(pool.Words(short_ones, expected.size() - 1), std::nullopt) << round;
  }
  RegexPool pool;
  EXPECT_EQ(pool.Words(pool.Any(), 1000), std::nullopt);
  EXPECT_EQ(pool.Words(pool.Concat(pool.Repeat(pool.Text("a"), 0, std::nullopt), pool.Text("b")), 1000), std::nullopt);
  EXPECT_EQ(pool.Words(pool.Repeat(pool.Chars(CharSet::All()), 60000, 60000), 1000), std::nullopt);
  EXPECT_EQ(pool.Words(pool.Union(pool.Text("é"), pool.Text("z")), 2), (std::vector<std::string>{"z", "é"}));
}

TEST(Regex, KeepsOneFormOfWhatIsEqual) {
  RegexPool pool;
  const RegexId a = pool.Text("a");
  const RegexId b = pool.Text("b");
  const RegexId word = pool.Text("word");
  const RegexId letter = pool.Chars(CharSet({{'a', 'z'}}));
  const RegexId letters = pool.Repeat(letter, 0, std::nullopt);
  const auto times = [&](RegexId r, uint64_t least, uint64_t most) { return pool.Repeat(r, least, most); };
  EXPECT_EQ(pool.Union(a, b), pool.Chars(CharSet({{'a', 'b'}})));
  EXPECT_EQ(pool.Union(pool.Union(word, a), b), pool.Union(b, pool.Union(word, a)));
  EXPECT_EQ(pool.Union(word, pool.Any()), pool.Any());
  EXPECT_EQ(pool.Union(word, pool.Complement(word)), pool.Any());
  EXPECT_EQ(pool.Intersection(word, pool.Complement(word)), pool.None());
  EXPECT_EQ(pool.Intersection(word, pool.Any()), word);
  EXPECT_EQ(pool.Union(letters, word), letters);
  EXPECT_EQ(pool.Intersection(letters, word), word);
  EXPECT_EQ(pool.Intersection(times(letter, 0, 3), word), pool.None());
  EXPECT_EQ(pool.Intersection(times(letter, 2, 9), times(letter, 5, 20)), times(letter, 5, 9));
  EXPECT_EQ(pool.Complement(pool.Complement(word)), word);
  EXPECT_EQ(pool.Repeat(letters, 0, std::nullopt), letters);
  EXPECT_EQ(pool.Concat(letters, letters), letters);
  EXPECT_EQ(pool.Concat(times(a, 1, 2), times(a, 3, 4)), times(a, 4, 6));
  EXPECT_EQ(pool.Union(times(a, 1, 2), times(a, 3, 4)), times(a, 1, 4));
  EXPECT_EQ(times(times(a, 1, 2), 2, 3), times(a, 2, 6));
  EXPECT_NE(times(times(a, 3, 3), 1, 2), times(a, 3, 6));
  EXPECT_EQ(times(pool.Union(pool.Epsilon(), word), 2, 3), times(word, 0, 3));
  EXPECT_EQ(pool.Concat(word, pool.None()), pool.None());
  EXPECT_EQ(pool.Concat(pool.Epsilon(), word), word);
}

TEST(Regex, CountsWithoutWritingOut) {
  RegexPool pool;
  const size_t before = pool.bytes();
  const RegexId most = pool.Repeat(pool.Chars(CharSet({{'a', 'z'}})), 0, 6000);
  const RegexId mail = pool.Concat(std::vector{most, pool.Text("@"), most});
  const RegexId both = pool.Intersection(mail, pool.Repeat(pool.Chars(CharSet::All()), 3000, 70000));
  EXPECT_LT(pool.bytes() - before, size_t{16} << 10);
  EXPECT_FALSE(pool.IsNone(both));
  EXPECT_TRUE(pool.Matches(mail, std::string(6000, 'x') + "@"));
  EXPECT_FALSE(pool.Matches(mail, std::string(6001, 'x') + "@"));
}

TEST(Regex, LeavesOutManyWordsCheaply) {
  RegexPool pool;
  std::vector<RegexId> words;
  for (int i = 0; i < 1000; ++i) words.push_back(pool.Text("key_" + std::to_string(i * 7919)));
  const RegexId other = pool.Complement(pool.Union(words));
  EXPECT_FALSE(pool.IsNone(other));
  EXPECT_FALSE(pool.Matches(other, "key_7919"));
  EXPECT_TRUE(pool.Matches(other, "key_7918"));
  EXPECT_LT(pool.bytes(), size_t{4} << 20);
}

TEST(Regex, EndsWithAnErrorThatNamesTheBound) {
  RegexPool pool;
  const auto anything_then = [&](char32_t c, uint64_t n) {
    return pool.Concat(std::vector{pool.Any(), pool.Chars(CharSet::Of(c)), pool.Repeat(Letters(pool), n, n)});
  };
  // The c at the one place excludes the a there: no word, and 2^n states until that is known.
  const RegexId both = pool.Intersection(std::vector{anything_then('a', 24), anything_then('c', 24)});
  try {
    static_cast<void>(pool.IsNone(both));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), ErrorCategory::kLimit);
    EXPECT_NE(std::string(error.what()).find("20000"), std::string::npos) << error.what();
  }
  EXPECT_THROW(static_cast<void>(pool.Text("\xFF")), Error);
  EXPECT_FALSE(pool.Matches(pool.Any(), "\xFF"));
}

// Every plain string of that length leads on; and where fewer than asked are said, one more does not always.
TEST(Regex, SaysHowFarPlainCharactersLeadOn) {
  RegexPool pool;
  const auto anything = [&](uint64_t least, uint64_t most) {
    return pool.Repeat(pool.Chars(CharSet::All()), least, most);
  };
  EXPECT_EQ(pool.PlainRun(pool.Any(), 1000000), 1000000);
  EXPECT_EQ(pool.PlainRun(anything(0, 7), 100), 7);
  EXPECT_EQ(pool.PlainRun(anything(0, 7), 3), 3);
  EXPECT_EQ(pool.PlainRun(anything(0, 65535), 100), 100);
  EXPECT_EQ(pool.PlainRun(pool.Repeat(pool.Chars(CharSet({{'a', 'z'}})), 0, 9), 100), 0);
  EXPECT_EQ(pool.PlainRun(pool.Concat(anything(3, 3), pool.Text("x")), 100), 3);
  EXPECT_EQ(pool.PlainRun(pool.Complement(pool.Union(pool.Text("one"), pool.Text("two"))), 100), 100);
  EXPECT_EQ(pool.PlainRun(pool.Intersection(anything(0, 5), pool.Complement(pool.Text("one"))), 100), 5);
  EXPECT_EQ(pool.PlainRun(pool.Epsilon(), 100), 0);
  const CharSet no_quote = CharSet({{'"', '"'}, {'\\', '\\'}, {0, 0x1F}, {0x7F, 0x7F}}).Complement();
  EXPECT_EQ(pool.PlainRun(pool.Repeat(pool.Chars(no_quote), 0, std::nullopt), 100), 100);
}

}  // namespace
}  // namespace sheepop::grammar
