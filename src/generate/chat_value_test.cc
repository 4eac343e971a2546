#include "generate/chat_value.h"

#include <gtest/gtest.h>

namespace sheepop {
namespace {

std::string Read(std::string_view text, ValueForm form) { return ValueOf(text, form).value_or("broken"); }

TEST(ChatValueTest, JsonIsKeptAsItIsWritten) {
  for (const std::string_view text :
       {R"({"a": [1, -2.5e3, true, null], "b": {"c": "x\u00e9\n\"}]"}})", "[]", "{}", R"("")", "12", "-0.5"}) {
    EXPECT_EQ(Read(text, ValueForm::kJson), text);
  }
  EXPECT_EQ(Read("\"a\nb\"", ValueForm::kJson), R"("a\nb")") << "a line break within a string";
  for (const std::string_view text : {"{", "[1,]", "{\"a\"}", "{\"a\":1,}", "01", "1.", "True", "'a'", "{a:1}",
                                      "\"\\x\"", "1 2", "\"\\u12g4\"", "", "nul", "[1 2]", "{\"a\" 1}"}) {
    EXPECT_EQ(Read(text, ValueForm::kJson), "broken") << text;
  }
}

TEST(ChatValueTest, PythonBecomesJson) {
  EXPECT_EQ(Read(R"({'a': [1, 'x'], "b": None, 'c': (True, False), 'd': {}})", ValueForm::kPython),
            R"({"a":[1,"x"],"b":null,"c":[true,false],"d":{}})");
  EXPECT_EQ(Read(R"((city='O\'s "lo', n=3, deep={"a": [1, null]}, ))", ValueForm::kPython),
            R"({"city":"O's \"lo","n":3,"deep":{"a":[1,null]}})");
  EXPECT_EQ(Read(R"('a\x41\u00e9\U0001F600\d\\')", ValueForm::kPython), R"("aAé😀\\d\\")");
  EXPECT_EQ(Read("()", ValueForm::kPython), "{}");
  EXPECT_EQ(Read("('a', 'b')", ValueForm::kPython), "broken") << "arguments without names";
  EXPECT_EQ(Read("(a='it's')", ValueForm::kPython), R"({"a":"it's"})") << "a mark that was not escaped";
  for (const std::string_view text : {"(a=)", "(a=1", "[1", "(a=nothing)", "('a'=1)", "'a", "(a=1 b=2)"}) {
    EXPECT_EQ(Read(text, ValueForm::kPython), "broken") << text;
  }
}

TEST(ChatValueTest, GemmaBecomesJson) {
  EXPECT_EQ(Read(R"({city:<|"|>O's "lo<|<|"|>,n:3,list:[1,<|"|>x<|"|>],deep:{f:true,g:null}})", ValueForm::kGemma),
            R"({"city":"O's \"lo<|","n":3,"list":[1,"x"],"deep":{"f":true,"g":null}})");
  EXPECT_EQ(Read("{a:word}", ValueForm::kGemma), R"({"a":"word"})");
  for (const std::string_view text : {"{a:}", "{a}", "{a:1", R"({a:<|"|>x})", "{a:<b>}"}) {
    EXPECT_EQ(Read(text, ValueForm::kGemma), "broken") << text;
  }
}

TEST(ChatValueTest, DepthIsBounded) {
  const std::string deep(ValueReader::kMostDepth + 1, '[');
  EXPECT_EQ(Read(deep + std::string(ValueReader::kMostDepth + 1, ']'), ValueForm::kJson), "broken");
  const std::string fits(ValueReader::kMostDepth, '[');
  EXPECT_NE(Read(fits + std::string(ValueReader::kMostDepth, ']'), ValueForm::kJson), "broken");
}

}  // namespace
}  // namespace sheepop
