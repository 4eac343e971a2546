#include "sample/token_table.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "sample/testing_vocabulary.h"

namespace sheepop {
namespace {

using testing::ListVocabulary;

// The tokens of a part by their bytes, read off the trie.
std::map<std::string, std::set<Token>> Walked(const TokenTable::Part& part) {
  std::map<std::string, std::set<Token>> found;
  std::string path;
  for (size_t i = 0; i < part.nodes.size(); ++i) {
    path.resize(part.nodes[i].depth);
    path += static_cast<char>(part.nodes[i].byte);
    for (uint32_t t = part.first_token[i]; t < part.first_token[i + 1]; ++t) found[path].insert(part.tokens[t]);
  }
  return found;
}

bool Has(const TokenMask& mask, Token token) {
  return mask[static_cast<size_t>(token) / 64] >> (static_cast<size_t>(token) % 64) & 1;
}

TEST(TokenTableTest, EachTokenIsInOnePartUnderItsBytes) {
  const ListVocabulary vocabulary({"a", "ab", "abc", "b", "", "\"", "a\"", "\xC3", "\xC3\xA9", "ab", "</s>",
                                   std::string(10, 'x'), std::string(11, 'x'), std::string(31, 'x')},
                                  {10});
  const TokenTable table(vocabulary);
  std::map<std::string, std::set<Token>> all;
  for (const TokenTable::Part& part : table.parts()) {
    for (const auto& [bytes, tokens] : Walked(part)) {
      EXPECT_FALSE(all.contains(bytes));
      all[bytes] = tokens;
      for (const Token token : tokens) {
        EXPECT_EQ(part.up_to.empty(), part.most == 0);
        EXPECT_TRUE(part.most == 0 || Has(part.up_to, token));
        EXPECT_EQ(table.bytes(token), bytes);
      }
    }
  }
  const std::map<std::string, std::set<Token>> wanted = {{"a", {0}},
                                                         {"ab", {1, 9}},
                                                         {"abc", {2}},
                                                         {"b", {3}},
                                                         {"\"", {5}},
                                                         {"a\"", {6}},
                                                         {"\xC3", {7}},
                                                         {"\xC3\xA9", {8}},
                                                         {std::string(10, 'x'), {11}},
                                                         {std::string(11, 'x'), {12}},
                                                         {std::string(31, 'x'), {13}}};
  EXPECT_EQ(all, wanted);
  EXPECT_EQ(table.bytes(10), "") << "what ends a text is no text";
  EXPECT_EQ(std::vector(table.end_tokens().begin(), table.end_tokens().end()), std::vector<Token>{10});
}

TEST(TokenTableTest, NoTextIsAControlToken) {
  const TokenTable table(ListVocabulary({"a", "\xFF", "\xFF<b>", "a\xFF"}, {}));
  for (Token token = 1; token < 4; ++token) EXPECT_EQ(table.bytes(token), "");
  ASSERT_EQ(table.parts().size(), 2u);
  EXPECT_TRUE(table.parts()[0].tokens.empty());
  EXPECT_EQ(table.parts()[1].tokens, std::vector<Token>{0});
}

TEST(TokenTableTest, SlicesHoldPlainTokensByLength) {
  const ListVocabulary vocabulary(
      {"a", "\"", "\xC3\xA9t\xC3\xA9", "\xC3", "a\nb", "abc", std::string(31, 'x'), std::string(30, 'x')});
  const TokenTable table(vocabulary);
  ASSERT_EQ(table.parts().size(), 4);
  const auto tokens = [&](size_t part) {
    return std::set<Token>(table.parts()[part].tokens.begin(), table.parts()[part].tokens.end());
  };
  EXPECT_EQ(tokens(0), (std::set<Token>{1, 3, 4}));
  EXPECT_EQ(tokens(1), std::set<Token>{0});
  EXPECT_EQ(tokens(2), (std::set<Token>{2, 5}));
  EXPECT_EQ(tokens(3), (std::set<Token>{6, 7}));
  EXPECT_EQ(table.parts()[2].least, 3);
  EXPECT_EQ(table.parts()[2].most, 3);
  EXPECT_EQ(table.parts()[3].least, 30);
  EXPECT_EQ(table.parts()[3].most, 31);
  EXPECT_FALSE(Has(table.parts()[2].up_to, 6));
  for (const Token token : {0, 2, 5}) EXPECT_TRUE(Has(table.parts()[2].up_to, token));
}

TEST(TokenTableTest, SkipLeadsBehindWhatIsBelow) {
  const ListVocabulary vocabulary({"abc", "abd", "ae", "b"});
  const TokenTable table(vocabulary);
  const TokenTable::Part& part = table.parts()[1];
  for (size_t i = 0; i < part.nodes.size(); ++i) {
    for (size_t j = i + 1; j < part.nodes[i].skip; ++j) EXPECT_GT(part.nodes[j].depth, part.nodes[i].depth);
    if (part.nodes[i].skip == part.nodes.size()) continue;
    EXPECT_LE(part.nodes[part.nodes[i].skip].depth, part.nodes[i].depth);
  }
}

}  // namespace
}  // namespace sheepop
