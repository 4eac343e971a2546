#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "sample/notation/testing_grammar.h"

namespace sheepop::notation {
namespace {

void Expect(std::string_view grammar, const std::vector<std::string>& accepted,
            const std::vector<std::string>& refused) {
  TestGrammar test = TestGrammar::Lark(grammar);
  for (const std::string& text : accepted) EXPECT_TRUE(test.Accepts(text)) << grammar << "\n" << text;
  for (const std::string& text : refused) EXPECT_FALSE(test.Accepts(text)) << grammar << "\n" << text;
  std::mt19937 random(3);
  for (int walk = 0; walk < 20; ++walk) test.Walk(random, 60);
}

std::string Refused(std::string_view grammar, ErrorCategory category = ErrorCategory::kInvalidArgument) {
  return Refusal([&] { TestGrammar::Lark(grammar); }, category);
}

TEST(Lark, Items) {
  Expect(R"(start: "a" "b" | "c" -> third)", {"ab", "c"}, {"", "a", "abc", "a b"});
  Expect("start: \"a\"\n  | \"b\" // one\n  # another\n  | B \"c\"\n\nB.2: \"x\" | \"y\"\n", {"a", "b", "xc", "yc"},
         {"c", "x"});
  Expect(R"(start: "a"? "b"* ["c"] "d"+)", {"d", "abbcdd"}, {"a", "abc"});
  Expect(R"(start: "a"~2 "b" ~ 1..3 ("c" "d")~0..1)", {"aab", "aabbbcd"}, {"ab", "aabbbb", "aabcdcd"});
  Expect(R"(start: "a".."c" "0".."9")", {"a0", "c9"}, {"d0", "a"});
  Expect(R"(start: "\x41\u00e9\U0001F600\t\n\r\f\"\\\/")", {"A\u00e9\U0001F600\t\n\r\f\"\\/"}, {"A"});
  Expect("!start: one\n?one.3: _two\n_two: TWO\nTWO.-1: \"2\"", {"2"}, {""});
  Expect("start:\n  | \"a\"", {"", "a"}, {"aa"});
}

TEST(Lark, ExpressionsAndTheirFlags) {
  Expect(R"(start: /[a-c]+x/ /\d{2}/)", {"abx12", "cx00"}, {"x12", "abx1"});
  Expect(R"(start: /a\/b/ "c"i)", {"a/bc", "a/bC"}, {"a\\/bc"});
  Expect(R"(start: /ab[c-e]\x66[^x]/i)", {"abcfz", "ABDFz", "aBEfZ"}, {"abcfx", "abcfX", "abff1"});
  Expect("start: /a./ /b./s", {"axb\n", "a\rby"}, {"a\nbx"});
  Expect("start: /a b # note\n | c/x", {"ab", "c"}, {"a b"});
}

TEST(Lark, VerboseAndOtherFormsOfPython) {
  Expect(R"(start: /a [ b] \ c # the rest/x)", {"a  c", "ab c"}, {"abc", "a c"});
  Expect(R"(start: /(?P<name>a)b(?#no)c/ /(?i)d/ /\A[]x]\Z/)", {"abcd]", "abcDx"}, {"abcd"});
  Expect(R"(start: "K\n"i /z/ul)", {"k\nz", "K\nz"}, {"k\nZ"});
  EXPECT_NE(Refused("start: /\u00e9/i", ErrorCategory::kUnsupported).find("line 1, column 8"), std::string::npos);
  EXPECT_NE(Refused("start: /a/q").find("flag"), std::string::npos);
}

TEST(Lark, TextWithoutAMatch) {
  Expect(R"(start: "<" ~/<|end/ ">")", {"<>", "<some text>", "<e n d>"}, {"<a<b>", "<the end>", "<bend>x>"});
  Expect("start: ~/\\n\\n/", {"", "a\nb\n", "\xC3\xA9"}, {"a\n\nb"});
}

TEST(Lark, ArithmeticWithIgnoredSpace) {
  Expect(R"g(?start: sum
?sum: product
    | sum "+" product   -> add
    | sum "-" product   -> sub
?product: atom
    | product "*" atom  -> mul
    | product "/" atom  -> div
?atom: NUMBER           -> number
     | "-" atom         -> neg
     | NAME             -> var
     | "(" sum ")"
%import common.CNAME -> NAME
%import common.NUMBER
%import common.WS_INLINE
%ignore WS_INLINE)g",
         {"1", " 1 + 2.5e3*( x -\t-y ) ", "a/b/c"}, {"", "1 +", "(1", "1\n", "1 2"});
}

TEST(Lark, JsonOfTheTutorial) {
  Expect(R"(?start: value
?value: object
      | array
      | string
      | SIGNED_NUMBER      -> number
      | "true"             -> true
      | "false"            -> false
      | "null"             -> null
array  : "[" [value ("," value)*] "]"
object : "{" [pair ("," pair)*] "}"
pair   : string ":" value
string : ESCAPED_STRING
%import common (ESCAPED_STRING, SIGNED_NUMBER)
%import common.WS
%ignore WS)",
         {"{}", "[1, -2.5, \"a\\\"b\", {\"x\" : [ true , null ] } ]", " 7 "},
         {"", "[1,]", "{1:2}", "\"a\nb\"", "[1 2]"});
}

TEST(Lark, CommonTerminals) {
  const std::vector<std::pair<std::string, std::string>> texts = {{"DIGIT", "7"},
                                                                  {"HEXDIGIT", "f"},
                                                                  {"INT", "042"},
                                                                  {"SIGNED_INT", "-3"},
                                                                  {"DECIMAL", ".5"},
                                                                  {"FLOAT", "1e-7"},
                                                                  {"SIGNED_FLOAT", "+1."},
                                                                  {"NUMBER", "12"},
                                                                  {"SIGNED_NUMBER", "-1.5E3"},
                                                                  {"ESCAPED_STRING", R"("a\\\"b")"},
                                                                  {"LCASE_LETTER", "q"},
                                                                  {"UCASE_LETTER", "Q"},
                                                                  {"LETTER", "z"},
                                                                  {"WORD", "Word"},
                                                                  {"CNAME", "_a1"},
                                                                  {"WS_INLINE", " \t"},
                                                                  {"WS", " \n\t"},
                                                                  {"CR", "\r"},
                                                                  {"LF", "\n"},
                                                                  {"NEWLINE", "\r\n\n"},
                                                                  {"SH_COMMENT", "# a"},
                                                                  {"CPP_COMMENT", "// a"},
                                                                  {"C_COMMENT", "/* a * / **/"},
                                                                  {"SQL_COMMENT", "-- a"}};
  for (const auto& [name, text] : texts) {
    TestGrammar test = TestGrammar::Lark(fmt::format("start: \"<\" {0} \">\"\n%import common.{0}", name));
    EXPECT_TRUE(test.Accepts("<" + text + ">")) << name;
    EXPECT_FALSE(test.Accepts("<>")) << name;
    if (!name.ends_with("_COMMENT")) {
      EXPECT_FALSE(test.Accepts("<" + text + "\v>")) << name << ": one that it has not";
    }
  }
  Expect("start: C_COMMENT\n%import common.C_COMMENT", {"/**/", "/*/*/"}, {"/*/", "/* */ */"});
  Expect("start: ESCAPED_STRING\n%import common.ESCAPED_STRING", {"\"\""}, {"\"\\\"", "\"a\"b\""});
}

TEST(Lark, Templates) {
  Expect(R"g(start: _list{NUMBER, ","} ";" _list{word, /-/}
_list{item, sep}: item (sep item)*
word: "a" | "b"
NUMBER: "0".."9"+
%ignore " ")g",
         {"1;a", "1, 22 ,3;a-b", " 7 ; b "}, {"1,;a", ";a", "1;a,b", "1;1"});
  Expect("start: twice{twice{\"a\"}}\ntwice{x}: x x", {"aaaa"}, {"aa", "aaa"});
  EXPECT_NE(Refused("start: t{\"a\"}\nt{x}: \"(\" t{u{x}} \")\" | x\nu{x}: x x", ErrorCategory::kLimit).find("10000"),
            std::string::npos);
  Expect("start: t{\"a\"}\nt{x}: \"(\" t{x} \")\" | x", {"a", "((a))"}, {"(a"});
  EXPECT_NE(Refused("start: t{\"a\", \"b\"}\nt{x}: x").find("has 1 parameters, not 2"), std::string::npos);
  EXPECT_NE(Refused("start: t{\"a\"}").find("template t is not defined"), std::string::npos);
}

TEST(Lark, IgnoredTextStandsBetweenTerminalsAndNowhereElse) {
  const std::string_view grammar = R"(start: "if" NAME block
block: "{" (NAME ";")* "}"
NAME: LETTER (LETTER | "_")*
LETTER: "a".."z"
%ignore /[ \n]+/
%ignore COMMENT
COMMENT: /#[^\n]*\n/)";
  Expect(grammar, {"if a{}", "if a_b { x ; y; }\n", "#c\nif #d\n a{}#e\n", "ifa{}"},
         {"i f a{}", "if a{}#open", "if {}"});
}

TEST(Lark, ControlTokensAndSchemas) {
  Expect("start: <|tool|> \"a\" <|end|>", {"\xFF<|tool|>a\xFF<|end|>"}, {"<|tool|>a<|end|>"});
  Refused("start: <[5]>", ErrorCategory::kUnsupported);
  Expect(R"g(start: "call(" args ")" | "none"
args: %json {"type": "object", "properties": {"a}": {"type": "integer"}}, "required": ["a}"],
  "additionalProperties": false}
%ignore " ")g",
         {R"(call({"a}": 5}))", R"( call( {"a}":5} ) )", "none"}, {"call()", R"(call({}))", R"(call({"a}": "x"}))"});
  EXPECT_NE(Refused("start: %json {\"type\": \"objekt\"}").size(), 0u);
  EXPECT_NE(Refused("start: %json {\"type\"").find("not closed"), std::string::npos);
  EXPECT_NE(Refused("start: A\nA: <x>").find("no part of a terminal"), std::string::npos);
}

TEST(Lark, TerminalsAreRegular) {
  Expect("start: A B\nA: B \"-\" | \"x\"\nB: /[0-9]/ ~ 2", {"12-34", "x00"}, {"1-22"});
  EXPECT_NE(Refused("start: A\nA: \"a\" b\nb: \"c\"").find("b is a rule"), std::string::npos);
  EXPECT_NE(Refused("start: A\nA: \"(\" A \")\" | \"x\"").find("itself"), std::string::npos);
}

TEST(Lark, FaultsNameLineColumnAndWhatIsAllowed) {
  EXPECT_EQ(Refused("start: \"a\"\nb \"c\""), "line 2, column 3: \"\\\"c\\\"\" stands where : is expected");
  EXPECT_EQ(Refused("start: (\"a\""),
            "line 1, column 12: the grammar ends where a name, a string, an /expression/, | or ) is expected");
  EXPECT_NE(Refused("start: \"a\n\"").find("line 1, column 8: what \"\\\"\" opens here is not closed in time"),
            std::string::npos);
  EXPECT_NE(Refused("start: /a\n").find("the / that ends the expression"), std::string::npos);
  EXPECT_NE(Refused("start: \"\\d\"").find("an escape"), std::string::npos);
  EXPECT_EQ(Refused("start: other"), "line 1, column 8: other is not defined");
  EXPECT_EQ(Refused("start: OTHER"), "line 1, column 8: OTHER is not defined");
  EXPECT_EQ(Refused("start: \"a\"\nstart: \"b\""), "line 2, column 1: start is defined twice");
  EXPECT_NE(Refused("begin: \"a\"").find("no rule start"), std::string::npos);
  EXPECT_NE(Refused("start: \"a\"~3..2").find("fewer than the least"), std::string::npos);
  EXPECT_NE(Refused("start: \"ab\"..\"c\"").find("one character"), std::string::npos);
  EXPECT_NE(Refused("start: \"b\"..\"a\"").find("before it begins"), std::string::npos);
  EXPECT_NE(Refused("%import common.NOPE\nstart: NOPE").find("it has DIGIT"), std::string::npos);
  EXPECT_NE(Refused("%import .other.X\nstart: X", ErrorCategory::kUnsupported).find("common"), std::string::npos);
  Refused("%declare A\nstart: A", ErrorCategory::kUnsupported);
  EXPECT_NE(Refused("%what\nstart: \"a\"").find("%what"), std::string::npos);
  EXPECT_NE(Refused("start: \"a\" ) ").find("stands where"), std::string::npos);
  EXPECT_NE(Refused("start: /(/").find("line 1, column 8"), std::string::npos);
  EXPECT_NE(Refused("start: start \"a\"").find("no text"), std::string::npos);
}

TEST(Lark, HostileTextsEndByABoundWithAName) {
  const auto limit = [](const std::string& grammar) { return Refused(grammar, ErrorCategory::kLimit); };
  EXPECT_NE(limit("start: " + std::string(100'000, '(')).find("200 deep"), std::string::npos);
  std::string templates = "start: ";
  for (int i = 0; i < 1000; ++i) templates += "t{";
  EXPECT_NE(limit(templates).find("200 deep"), std::string::npos);
  EXPECT_NE(limit("start: (\"a\" start \"b\" | \"c\")~1000000").find("1000000"), std::string::npos);
  EXPECT_NE(limit("start: \"a\"~9999999").find("1000000"), std::string::npos);
}

TEST(Notation, WhichOfTheTwo) {
  const auto read = [](std::string_view text) {
    return TestGrammar([&](grammar::Grammar& grammar) {
      schema::SchemaNotes notes;
      return AddGrammar(text, {}, grammar, notes);
    });
  };
  EXPECT_TRUE(read("# a: b\nroot ::= \"a\"").Accepts("a"));
  EXPECT_TRUE(read("// x ::= y\n# z\nstart: \"a\"").Accepts("a"));
  EXPECT_TRUE(read("%import common.INT\nstart: INT").Accepts("12"));
  EXPECT_TRUE(read("my-rule ::= \"a\"\nroot ::= my-rule").Accepts("a"));
}

TEST(Notation, RegexAndChoice) {
  const auto regex = [](std::string_view text) {
    return TestGrammar([&](grammar::Grammar& grammar) { return AddRegex(text, grammar); });
  };
  TestGrammar words = regex("(?:yes|no)(?: [a-z]{2,3})*");
  EXPECT_TRUE(words.Accepts("yes abc de"));
  EXPECT_FALSE(words.Accepts("yes abcd"));
  EXPECT_FALSE(words.Accepts("a yes"));
  EXPECT_TRUE(regex("a*").Accepts(""));
  EXPECT_NE(Refusal([&] { regex("[^\\s\\S]"); }, ErrorCategory::kInvalidArgument).find("no text"), std::string::npos);

  const auto choice = [](const std::vector<std::string>& texts) {
    return TestGrammar([&](grammar::Grammar& grammar) { return AddChoice(texts, grammar); });
  };
  TestGrammar colours = choice({"red", "green", "red", "r\u00e9d"});
  EXPECT_TRUE(colours.Accepts("red"));
  EXPECT_TRUE(colours.Accepts("r\u00e9d"));
  EXPECT_FALSE(colours.Accepts("redgreen"));
  EXPECT_FALSE(colours.Accepts(""));
  Refusal([&] { choice({}); }, ErrorCategory::kInvalidArgument);
  Refusal([&] { choice({"a", ""}); }, ErrorCategory::kInvalidArgument);
  Refusal([&] { choice({"\xff"}); }, ErrorCategory::kInvalidArgument);
  std::vector<std::string> many;
  for (int i = 0; i < 20'000; ++i) many.push_back(fmt::format("choice number {} of many", i));
  TestGrammar all = choice(many);
  EXPECT_TRUE(all.Accepts(many.back()));
  EXPECT_EQ(all.Fits("choice number 99x"), 16u);
}

TEST(Notation, RulesThatNothingUsesAreTold) {
  const auto unused = [](std::string_view text) {
    grammar::Grammar grammar;
    schema::SchemaNotes notes;
    AddGrammar(text, {}, grammar, notes);
    std::string out;
    for (const Warning& warning : notes.warnings) out += warning.line + "; ";
    return out;
  };
  EXPECT_EQ(unused("root ::= x\nx ::= \"a\" y?\ny ::= x"), "");
  EXPECT_EQ(unused("root ::= \"a\"\nx ::= y\ny ::= x"),
            "the grammar, line 2, column 1: no rule that counts uses x, which changes nothing; the grammar, line 2, "
            "column 7: no rule that counts uses y, which changes nothing; ");
  EXPECT_EQ(unused("start: X Y\nX: \"a\"\nY: X\n%ignore \" \""), "");
  EXPECT_EQ(unused("start: X\nX: \"a\"\n%import common.INT"),
            "the grammar, line 3, column 16: no rule that counts uses INT, which changes nothing; ");
}

}  // namespace
}  // namespace sheepop::notation
