#include "sample/grammar/pattern.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"

namespace sheepop::grammar {
namespace {

struct Case {
  std::string_view pattern;
  std::vector<std::string_view> matches;
  std::vector<std::string_view> others;
};

void Expect(const std::vector<Case>& cases, PatternMeaning meaning = PatternMeaning::kFound) {
  for (const Case& one : cases) {
    RegexPool pool;
    const RegexId regex = ParsePattern(one.pattern, meaning, pool);
    for (const std::string_view text : one.matches)
      EXPECT_TRUE(pool.Matches(regex, text)) << one.pattern << " " << text;
    for (const std::string_view text : one.others)
      EXPECT_FALSE(pool.Matches(regex, text)) << one.pattern << " " << text;
  }
}

TEST(Pattern, IsFoundAnywhere) {
  Expect({{"b+", {"b", "abc", "a\nb"}, {"", "ac"}},
          {"", {"", "x"}, {}},
          {"a|", {"", "b"}, {}},
          {"^ab", {"ab", "abc"}, {"xab", "a"}},
          {"ab$", {"ab", "xab"}, {"abx", "ab\n"}},
          {"^ab$", {"ab"}, {"ab\n", "aab"}},
          {"^a.c$",
           {"abc", "a😀c",
            "a\xC2\x85"
            "c"},
           {"a\nc", "a\rc", "a\u2028c", "ac", "abbc"}},
          {"^[^]{2}$", {"a\n", "😀😀"}, {"a", "abc"}},
          {"[]", {}, {"", "a"}}});
}

TEST(Pattern, IsTheWholeWordWhereThatIsMeant) {
  Expect({{"b+", {"b", "bb"}, {"", "ab", "ba"}},
          {"a|bc", {"a", "bc"}, {"abc", "ac"}},
          {"^a$|^b", {"a", "b"}, {"ab"}},
          {"(?=a)..", {"ab"}, {"ba", "a"}},
          {"..(?<=b)", {"ab"}, {"ba", "xab"}},
          {"(?!no).*(?<!x)", {"", "yes"}, {"nobody", "box"}}},
         PatternMeaning::kWhole);
}

TEST(Pattern, ReadsTheEndsOfTheTextAnywhere) {
  Expect({{"(^[^5]*$)|7", {"", "12", "57"}, {"5", "15"}},
          {"^|a", {"", "b"}, {}},
          {"^([^,]|$)", {"", "a", "a,"}, {",", ",a"}},
          {"a$|b", {"xa", "bx"}, {"ax", ""}},
          {"$^", {""}, {"a"}},
          {"a?^b", {"b", "bc"}, {"ab", "cb", ""}},
          {"(a|^)b", {"b", "ab", "cab"}, {"cb", ""}},
          {"(?:(?:^|,)[xy])+$", {"x", "x,y", "ab,x"}, {"x,yz", "axy", ""}},
          {"^(?:(?:^|,)[xy])+$", {"x", "x,y"}, {"xy", ",x,", ""}},
          {"(?:a$|b)*c", {"c", "bbc", "ac"}, {"", "a"}},
          {"(?:^a|b$){2}", {"ab"}, {"a", "aa", "abb", "xab"}},
          {"(?:^a|b$){2,3}c*", {"ab"}, {"abc", "a"}},
          {"(?:a|^){2}b", {"ab", "b", "aab", "xaab"}, {"xb", "xab"}},
          {"(?:^)*a(?:$){2}", {"a", "ba"}, {"ab"}}});
}

TEST(Pattern, ReadsAssertions) {
  Expect({{"\\bfoo\\b", {"foo", "a foo.", "-foo"}, {"food", "xfoo", "foo_"}},
          {"\\B", {"", "ab", " "}, {"a"}},
          {"o\\B", {"oo", "ob"}, {"o", "o b"}},
          {"^(?!io\\.)(?:[a-z]+\\.)*[a-z]+$", {"a.io", "iox.a"}, {"io.a", "a.", ""}},
          {"^(?=.*\\d)(?=.*[a-z]).{4,6}$", {"abc1", "12345a"}, {"abcd", "1a", "abcdef1"}},
          {"x(?!y)", {"x", "xyx", "xz"}, {"xy", ""}},
          {"a(?=b(?!c))", {"ab", "abd"}, {"abc", "ac"}},
          {"(?<!a)b", {"b", "cb", "abb"}, {"ab", "a"}},
          {"(?<=^|,)x", {"x", "a,x"}, {"ax", ","}},
          {"^(?!-)(?!.*--)[a-z-]{1,8}(?<!-)$", {"a", "a-b"}, {"-a", "a-", "a--b", ""}},
          {"^(?:(?!ab).)*$", {"", "ba", "acb"}, {"ab", "cabc"}},
          {"^((?!ab|cd)[a-d]){2,5}$", {"aa", "acbd", "badc"}, {"a", "ab", "bcd", "aaaaaa"}},
          {"^(?:(?=a|b)[a-z])+$", {"ab"}, {"abc", ""}},
          {"(?:(?=a)a|b){2}$", {"ab", "cba"}, {"ac", "a"}},
          {"(?=a)*b", {"b"}, {"a"}}});
}

TEST(Pattern, ReadsClassesAndEscapes) {
  Expect({{"^\\d$", {"0", "9"}, {"a", "٣"}},
          {"^\\w+$", {"aZ_0"}, {"é", "-", ""}},
          {"^\\s$", {" ", "\t", "\u00A0", "\uFEFF", "\u2028", "\u3000"}, {"a", "\u0085", "\u200B"}},
          {"^[\\D\\d]\\W\\S$", {"a-b"}, {"aab", "a- "}},
          {"^[\\w\\-.]+$", {"a-.b"}, {"a b"}},
          {"^[\\w-.]+$", {"a-.b"}, {"a b", "/"}},
          {"^[a-\\d]+$", {"a-7"}, {"b"}},
          {"^[]a]$", {}, {"]a", "a]"}},
          {"^[\\]a^-]+$", {"]a^-"}, {"b"}},
          {"^\\-\\_\\@$", {"-_@"}, {"\\-_@"}},
          {"^{}]{,3}a{$", {"{}]{,3}a{"}, {"a"}},
          {"^\\x41\\u0042\\cA\\0\\t$", {std::string_view("AB\1\0\t", 5)}, {"AB"}},
          {"^\\u{1F600}\\ud83d\\ude00$", {"😀😀"}, {"😀"}},
          {"^[\\ud83d\\ude00-\\ud83d\\ude02]$", {"😀", "😁"}, {"😃"}},
          {"^\\101\\7\\8$", {"A\a8"}, {"A"}},
          {"^[\\b]$", {"\b"}, {"b"}},
          {"^\\p{Lu}\\p{L}+$", {"Éa日"}, {"éa", "A1"}},
          {"^\\P{Letter}[^\\p{L}]$", {"1-"}, {"a-", "1a"}},
          {"^\\p{Script=Greek}\\p{gc=Nd}\\p{Alphabetic}$", {"α٣a"}, {"a٣a", "αaa", "α٣-"}}});
}

TEST(Pattern, CountsAndGroups) {
  Expect({{"^a{2,3}$", {"aa", "aaa"}, {"a", "aaaa"}},
          {"^a{2,}?b??$", {"aa", "aaaab"}, {"a", "aabb"}},
          {"^(?<y>\\d{4})-(?:a|bc){0}$", {"2026-"}, {"2026-a"}},
          {"^(?:a{3,4}|b){2}$", {"aaab", "aaaaaaa", "bb"}, {"aaaaa", "b"}},
          {"^(?:a?){3}$", {"", "aaa"}, {"aaaa"}},
          {"^(?:|a)+$", {"", "aa"}, {"b"}},
          {"^.{2147483648}$", {}, {"a"}}});
}

ErrorCategory Refusal(std::string_view pattern, std::string& message) {
  RegexPool pool;
  try {
    static_cast<void>(ParsePattern(pattern, PatternMeaning::kFound, pool));
  } catch (const Error& error) {
    message = error.what();
    return error.category();
  }
  ADD_FAILURE() << pattern;
  return ErrorCategory::kInternal;
}

TEST(Pattern, SaysWhereItIsNone) {
  const std::vector<std::pair<std::string_view, size_t>> faults = {
      {"ab**", 3}, {"a{2}{3}", 4}, {"+a", 0}, {"a{2,1}", 1},  {"[b-a]", 1}, {"é(", 2},     {"a)", 1},   {"[a", 0},
      {"a\\", 2},  {"{1}", 0},     {"^*", 1}, {"(?<=a)*", 6}, {"(?<a", 4},  {"(?<>a)", 3}, {"(a|b", 0}, {"\\b+", 2}};
  for (const auto& [pattern, offset] : faults) {
    std::string message;
    EXPECT_EQ(Refusal(pattern, message), ErrorCategory::kInvalidArgument) << pattern;
    EXPECT_TRUE(message.ends_with("at offset " + std::to_string(offset))) << message;
  }
  std::string message;
  EXPECT_EQ(Refusal("a\xFF", message), ErrorCategory::kInvalidArgument);
}

TEST(Pattern, RefusesByNameWhatIsNotRegular) {
  const std::vector<std::pair<std::string_view, std::string_view>> refused = {
      {"(a)b\\1", "a back-reference at offset 4"},
      {"(?<n>a)\\k<n>", "a back-reference at offset 7"},
      {"a(?i)b", "a group of another kind"},
      {"\\p{Foo}", "the unknown property \"Foo\" at offset 0"},
      {"[\\w-.]\\p{L}", "\\p at offset 6"},
      {"[\\w-.]\\u{41}", "\\u{...} at offset 6"},
      {"x(?=a).(?<=b)y", "look-ahead beside look-behind at offset"},
      {"^(?:(?=a).b)*c$", "an assertion in a repetition at offset 4"}};
  for (const auto& [pattern, what] : refused) {
    std::string message;
    EXPECT_EQ(Refusal(pattern, message), ErrorCategory::kUnsupported) << pattern;
    EXPECT_NE(message.find(what), std::string::npos) << message;
  }
}

// Hostile: deep, long and large ones end in an answer or in an error, and never overflow the stack.
TEST(Pattern, IsBounded) {
  std::string message;
  EXPECT_EQ(Refusal(std::string(100000, '('), message), ErrorCategory::kLimit);
  EXPECT_EQ(Refusal(std::string((size_t{1} << 20) + 1, 'a'), message), ErrorCategory::kLimit);
  EXPECT_EQ(Refusal("a{2147483649}", message), ErrorCategory::kLimit);
  RegexPool pool;
  std::string optional;
  for (int i = 0; i < 300; ++i) optional += "a?";
  EXPECT_TRUE(pool.Matches(ParsePattern("^" + optional + "$", PatternMeaning::kFound, pool), std::string(300, 'a')));
  const std::string longer(100000, 'x');
  EXPECT_TRUE(pool.Matches(ParsePattern("^(?:" + longer + "|y)?$", PatternMeaning::kFound, pool), longer));
  const std::string nested = std::string(150, '(') + "a" + std::string(150, ')') + "*";
  EXPECT_TRUE(pool.Matches(ParsePattern(nested, PatternMeaning::kWhole, pool), "aaa"));
}

}  // namespace
}  // namespace sheepop::grammar
