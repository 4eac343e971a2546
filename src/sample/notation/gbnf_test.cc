#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sample/notation/source.h"
#include "sample/notation/testing_grammar.h"

namespace sheepop::notation {
namespace {

void Expect(std::string_view grammar, const std::vector<std::string>& accepted,
            const std::vector<std::string>& refused) {
  TestGrammar test = TestGrammar::Gbnf(grammar);
  for (const std::string& text : accepted) EXPECT_TRUE(test.Accepts(text)) << grammar << "\n" << text;
  for (const std::string& text : refused) EXPECT_FALSE(test.Accepts(text)) << grammar << "\n" << text;
}

std::string Refused(std::string_view grammar, ErrorCategory category = ErrorCategory::kInvalidArgument) {
  return Refusal([&] { TestGrammar::Gbnf(grammar); }, category);
}

constexpr std::string_view kJson = R"(# JSON
root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null") ws

object ::=
  "{" ws (
            string ":" ws value
    ("," ws string ":" ws value)*
  )? "}" ws

array  ::=
  "[" ws (
            value
    ("," ws value)*
  )? "]" ws

string ::=
  "\"" (
    [^"\\\x7F\x00-\x1F] |
    "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) # escapes
  )* "\"" ws

number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws

# Optional space: by convention, applied in this grammar after literal chars when allowed
ws ::= | " " | "\n" [ \t]{0,20}
)";

TEST(Gbnf, Items) {
  Expect(R"(root ::= "a" "b" | "c")", {"ab", "c"}, {"", "a", "abc"});
  Expect(R"(root ::= "\x41\u00e9\U0001F600\t\n\r\"\\\[\]")", {"A\u00e9\U0001F600\t\n\r\"\\[]"}, {"A"});
  Expect(R"(root ::= [a-c-] [^a-z\n] [\]\-x])", {"aA]", "-\u00e9-", "c1x"}, {"daa", "ab]", "a\n]", "A"});
  Expect(R"(root ::= . .)", {"ab", "\n\u00e9", "\U0001F600x"}, {"a", "abc", "\xc3"});
  Expect(R"(root ::= "ab"* "c"+ "d"?)", {"c", "ababcc", "abcd"}, {"aabc", "abd"});
  Expect(R"(root ::= "a"{2} "b"{1,} "c"{0,2} ("d" "e"){2,3})", {"aabdede", "aabbbccdedede"}, {"aabde", "abdede"});
  Expect("root ::= \"a\" # comment\n  | \"b\" |\n \"c\"\r\n", {"a", "b", "c"}, {"ab"});
  Expect(R"(root ::= ("a" | ) "b")", {"ab", "b"}, {"a", ""});
  Expect("root ::= \"\" | \"x\"", {"", "x"}, {"xx"});
}

TEST(Gbnf, Json) {
  Expect(
      kJson,
      {R"({})", R"({"a": [1, 2.5e-3, {"b": "\u00e9\n"}], "c":true})", "{\n  \"a\": null\n}\n", R"({"a":[[[[[[]]]]]]})"},
      {"", "[]", R"({"a"})", R"({"a":})", R"({"a":[1,]})", R"({"a":"\x"})", "{\"a\":\"\n\"}", R"({"a":1}})"});
}

TEST(Gbnf, Arithmetic) {
  const std::string_view left = R"g(root ::= sum
sum ::= sum ("+" | "-") product | product
product ::= product "*" factor | factor
factor ::= [0-9]+ | "(" sum ")" | "-" factor)g";
  Expect(left, {"1", "12+3*4-5", "(1+2)*-3", "((((7))))", "--1"}, {"", "1+", "(1", "1)", "+1", "1**2", "()"});
  // As llama.cpp's examples have it, and ambiguous.
  Expect(R"g(root ::= (expr "=" ws term "\n")+
expr ::= term ([-+*/] term)*
term ::= ident | num | "(" ws expr ")" ws
ident ::= [a-z] [a-z0-9_]* ws
num ::= [0-9]+ ws
ws ::= [ \t\n]*)g",
         {"a+b=c\n", "(x1 -2 )*y= 3\nz=1\n"}, {"a+b=c", "a+=c\n", "=1\n"});
  Expect(R"(root ::= root "+" root | root root | "x")", {"x", "x+x", "xx+xxx+x", std::string(40, 'x')},
         {"", "+x", "x++x"});
}

TEST(Gbnf, ChessAndLists) {
  Expect(R"(root ::= "1. " move " " move "\n" ([1-9] [0-9]? ". " move " " move "\n")+
move ::= (pawn | nonpawn | castle) [+#]?
nonpawn ::= [NBKQR] [a-h]? [1-8]? "x"? [a-h] [1-8]
pawn ::= ([a-h] "x")? [a-h] [1-8] ("=" [NBKQR])?
castle ::= "O-O" "-O"?)",
         {"1. e4 e5\n2. Nf3 Nc6\n", "1. e4 e5\n2. O-O-O Qxe4#\n3. exd8=Q Kd8\n"}, {"1. e4 e5\n", "1. e4\n2. e5 e6\n"});
  Expect(R"(root ::= item+
item ::= "- " [^\r\n\x0b\x0c\x85\u2028\u2029]+ "\n")",
         {"- a\n- b c\n"}, {"", "- \n", "- a"});
}

TEST(Gbnf, CLike) {
  Expect(R"g(root ::= (declaration)*
declaration ::= dataType identifier "(" parameter? ")" "{" statement* "}"
dataType ::= "int" ws | "float" ws | "char" ws
identifier ::= [a-zA-Z_] [a-zA-Z_0-9]*
parameter ::= dataType identifier
statement ::= ( dataType identifier ws "=" ws expression ";" ) | ( identifier ws "=" ws expression ";" ) |
  ( "return" ws expression ";" ) | ( "while" "(" condition ")" "{" statement* "}" )
condition ::= expression relationOperator expression
relationOperator ::= ("<=" | "<" | "==" | "!=" | ">=" | ">")
expression ::= term (("+" | "-") term)*
term ::= factor(("*" | "/") factor)*
factor ::= identifier | number | "-" factor | "(" expression ")"
number ::= [0-9]+
ws ::= ([ \t\n]+))g",
         {"", "int f(int a){int b = a*2;while(b<10){b = b+1;}return (b);}"},
         {"int f(){", "int f(){return 1}", "f(){}", "int f(){while(1){}}"});
}

TEST(Gbnf, RegularPartsAreOneTerminal) {
  EXPECT_EQ(TestGrammar::Gbnf(R"(root ::= [a-z]+ "a" [0-9]{3} other?
other ::= "x" | other2
other2 ::= [ \t]* "y")")
                .terminals(),
            1u);
  // White space in the recursive form that many grammars have.
  EXPECT_EQ(TestGrammar::Gbnf("root ::= \"a\" ws \"b\" ws\nws ::= ([ \\t\\n] ws)?").terminals(), 1u);
  Expect("root ::= \"a\" ws \"b\" ws\nws ::= ([ \\t\\n] ws)?", {"ab", "a \t b\n"}, {"a", " ab"});
  Expect("root ::= list\nlist ::= [a-z] \",\" list | [a-z] | \"(\" [0-9]? list", {"a,b,(c", "(1(z"}, {"", "a,", "(1"});
}

TEST(Gbnf, ControlTokens) {
  const std::string begin = "\xFF<think>", end = "\xFF</think>";
  Expect("root ::= <think> !</think>* </think> [a-z]+", {begin + "any text <x>" + end + "done", begin + end + "a"},
         {"<think>a</think>b", begin + end, begin + end + end + "a"});
  EXPECT_NE(Refused("root ::= <[1000]>", ErrorCategory::kUnsupported).find("line 1, column 10"), std::string::npos);
  Refused("root ::= !<a> \"b\"", ErrorCategory::kUnsupported);
}

TEST(Gbnf, FollowingNamesTheRules) {
  TestGrammar test = TestGrammar::Gbnf(kJson);
  auto state = test.automaton().Start();
  EXPECT_EQ(test.automaton().Following(state), (std::vector<std::string>{"object"}));
  for (const char c : std::string_view("{\"a\":")) state = test.automaton().Next(state, static_cast<uint8_t>(c));
  const std::vector<std::string> following = test.automaton().Following(state);
  EXPECT_TRUE(std::ranges::count(following, "object")) << ::testing::PrintToString(following);
}

TEST(Gbnf, FaultsNameLineColumnAndWhatIsAllowed) {
  EXPECT_EQ(Refused("root ::= \"a\"\nb \"c\""), "line 2, column 3: \"\\\"c\\\"\" stands where ::= is expected");
  EXPECT_EQ(Refused("root ::= (\"a\" "),
            "line 1, column 15: the grammar ends where a literal, a class, a name, a group, | or ) is expected");
  EXPECT_EQ(Refused("root ::= \"a\n"),
            "line 1, column 10: what \"\\\"\" opens here is not closed in time; put a \" behind it");
  EXPECT_NE(Refused("root ::= [a").find("line 1, column 10: what \"[\" opens here"), std::string::npos);
  EXPECT_NE(Refused("root ::= [z-a]").find("line 1, column 11"), std::string::npos);
  EXPECT_NE(Refused("root ::= \"\\q\"").find("an escape"), std::string::npos);
  EXPECT_NE(Refused("root ::= \"\\ud83d\"").find("U+D83D"), std::string::npos);
  EXPECT_NE(Refused("root ::= \"\\U00110000\"").find("U+110000"), std::string::npos);
  EXPECT_NE(Refused("root ::= \"\\x4\"").find("2 hexadecimal digits"), std::string::npos);
  EXPECT_EQ(Refused("root ::= \"\u00e9\" other"), "line 1, column 14: the rule other is not defined");
  EXPECT_EQ(Refused("root ::= \"a\"\nroot ::= \"b\""), "line 2, column 1: the rule root is defined twice");
  EXPECT_NE(Refused("start ::= \"a\"").find("no rule root"), std::string::npos);
  EXPECT_NE(Refused("").find("no rule root"), std::string::npos);
  EXPECT_NE(Refused("root ::= \"a\"{3,2}").find("fewer than the least"), std::string::npos);
  EXPECT_NE(Refused("root ::= \"a\"{,2}").find("a number of repetitions"), std::string::npos);
  EXPECT_NE(Refused("root ::= \"\xff\"").find("UTF-8"), std::string::npos);
  EXPECT_NE(Refused("root ::= root \"a\"").find("no text"), std::string::npos);
  EXPECT_NE(Refused("root ::= a | b\na ::= b \"x\"\nb ::= a \"y\"").find("no text"), std::string::npos);
  EXPECT_NE(Refused("root ::= []").find("no text"), std::string::npos);
}

// Processor time, which others on the machine do not lengthen.
double Seconds(const std::function<void()>& work) {
  const std::clock_t begin = std::clock();
  work();
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

TEST(Gbnf, HostileTextsEndSoonAndByABoundWithAName) {
  const auto limit = [](const std::string& grammar) { return Refused(grammar, ErrorCategory::kLimit); };
  const double seconds = Seconds([&] {
    EXPECT_NE(limit(std::string(Source::kMostBytes + 1, ' ')).find("4194304"), std::string::npos);
    EXPECT_NE(limit("root ::= " + std::string(100'000, '(')).find("200 deep"), std::string::npos);
    EXPECT_NE(limit("root ::= \"a\"{1000001}").find("1000000"), std::string::npos);
    EXPECT_NE(limit("root ::= \"a\"{99999999999999999999}").find("1000000"), std::string::npos);
    EXPECT_NE(limit("root ::= (\"a\" root \"b\" | \"c\"){1000000}").find("1000000"), std::string::npos);
    std::string many = "root ::= ";
    for (int i = 0; i < 1'100'000; ++i) many += ". ";
    EXPECT_NE(limit(many).find("1000000"), std::string::npos);
    std::string chain = "root ::= r0\n";
    for (int i = 0; i < 100'000; ++i) chain += fmt::format("r{} ::= r{} \"a\" r{} | \"b\"\n", i, i + 1, i + 1);
    TestGrammar::Gbnf(chain + "r100000 ::= \"c\"");
  });
  EXPECT_LT(seconds, 30);
}

TEST(Gbnf, RepetitionsOfRepetitions) {
  Expect("root ::= \"a\"{1000}{1000}{1000}", {}, {"a", std::string(3000, 'a')});
  TestGrammar many = TestGrammar::Gbnf("root ::= ((\"(\" root \")\"){0,100}{0,100} | \"x\")");
  EXPECT_TRUE(many.Accepts("(x)(())"));
  TestGrammar doubled = TestGrammar::Gbnf([] {
    std::string text = "root ::= r0\n";
    for (int i = 0; i < 60; ++i) text += fmt::format("r{} ::= r{} r{}\n", i, i + 1, i + 1);
    return text + "r60 ::= \"a\"";
  }());
  EXPECT_EQ(doubled.Fits(std::string(5000, 'a')), 5000u);
  EXPECT_EQ(doubled.Fits("aab"), 2u);
}

// Random grammars over a and b with recursion on every side, and what they mean by the definition.
class RandomRules {
 public:
  static constexpr size_t kRules = 3, kLongest = 4;
  using Words = std::set<std::string>;

  explicit RandomRules(std::mt19937& random) {
    for (auto& rule : rules_) {
      rule.resize(1 + random() % 3);
      for (auto& alternative : rule) {
        alternative.resize(random() % 4);
        for (auto& [what, repeat] : alternative) {
          what = static_cast<int>(random() % (kRules + 2));
          repeat = "    ?*+"[random() % 7];
        }
      }
    }
  }

  std::string Text() const {
    std::string text;
    for (size_t rule = 0; rule < kRules; ++rule) {
      text += rule == 0 ? "root ::= " : fmt::format("r{} ::= ", rule);
      for (size_t a = 0; a < rules_[rule].size(); ++a) {
        if (a > 0) text += " | ";
        if (rules_[rule][a].empty()) text += "\"\"";
        for (const auto& [what, repeat] : rules_[rule][a]) {
          text += what == 0                         ? "root"
                  : what < static_cast<int>(kRules) ? fmt::format("r{}", what)
                  : what == kRules                  ? "\"a\""
                                                    : "\"b\"";
          if (repeat != ' ') text += repeat;
          text += ' ';
        }
      }
      text += '\n';
    }
    return text;
  }

  Words ShortWords() const {
    std::array<Words, kRules> known;
    for (bool grew = true; grew;) {
      grew = false;
      for (size_t rule = 0; rule < kRules; ++rule) {
        for (const auto& alternative : rules_[rule]) {
          Words words{""};
          for (const auto& item : alternative) words = Joined(words, WordsOf(item, known));
          const size_t before = known[rule].size();
          known[rule].merge(words);
          grew = grew || known[rule].size() > before;
        }
      }
    }
    return known[0];
  }

 private:
  using Item = std::pair<int, char>;

  static Words Joined(const Words& fronts, const Words& tails) {
    Words out;
    for (const std::string& front : fronts) {
      for (const std::string& tail : tails) {
        if (front.size() + tail.size() <= kLongest) out.insert(front + tail);
      }
    }
    return out;
  }

  static Words WordsOf(const Item& item, const std::array<Words, kRules>& known) {
    const auto& [what, repeat] = item;
    const Words once =
        what < static_cast<int>(kRules) ? known[static_cast<size_t>(what)] : Words{what == kRules ? "a" : "b"};
    Words all = once;
    if (repeat == '?' || repeat == '*') all.insert("");
    for (size_t i = 0; (repeat == '*' || repeat == '+') && i < kLongest; ++i) all.merge(Joined(all, once));
    return all;
  }

  std::array<std::vector<std::vector<Item>>, kRules> rules_;
};

void ExpectWords(TestGrammar& test, const RandomRules::Words& words) {
  for (size_t length = 0; length <= RandomRules::kLongest; ++length) {
    for (unsigned bits = 0; bits < 1U << length; ++bits) {
      std::string word;
      for (size_t i = 0; i < length; ++i) word += (bits >> i & 1) ? 'b' : 'a';
      EXPECT_EQ(test.Accepts(word), words.contains(word)) << "\"" << word << "\"";
    }
  }
}

TEST(Gbnf, RandomGrammarsAcceptTheirWordsAndNeverEndInADeadEnd) {
  std::mt19937 random(5);
  size_t with_text = 0, with_bound = 0;
  for (int round = 0; round < 1500; ++round) {
    const RandomRules rules(random);
    const std::string text = rules.Text();
    const RandomRules::Words words = rules.ShortWords();
    SCOPED_TRACE(text);
    std::unique_ptr<TestGrammar> test;
    try {
      test = std::make_unique<TestGrammar>(TestGrammar::Gbnf(text));
    } catch (const Error& error) {
      ASSERT_NE(std::string(error.what()).find("no text"), std::string::npos) << error.what();
      ASSERT_TRUE(words.empty());
      continue;
    }
    ++with_text;
    try {
      ExpectWords(*test, words);
      test->Walk(random, 12);
    } catch (const Error& error) {  // some have words that can be read in thousands of ways
      ++with_bound;
      ASSERT_EQ(Name(error.category()), Name(ErrorCategory::kLimit)) << error.what();
    }
    ASSERT_FALSE(::testing::Test::HasFailure());
  }
  EXPECT_GT(with_text, 800u);
  EXPECT_LT(with_bound, with_text / 5);
}

}  // namespace
}  // namespace sheepop::notation
