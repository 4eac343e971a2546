#include "generate/chat_format.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "generate/chat_test_support.h"
#include "sample/notation/testing_grammar.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

namespace json = boost::json;
using testing::Arguments;
using testing::SmallTemplate;
using Use = ChatFormat::Use;

struct Small {
  explicit Small(const SmallTemplate& small)
      : chat(ChatTemplate::Parse(testing::TemplateText(small))),
        format(ChatFormat::Of(chat, testing::PlainTokenizer())) {}
  notation::TestGrammar Grammar(const ChatFormat::Choice& choice, bool thinks = false) const {
    std::vector<Warning> warnings;
    const std::string text = format.CallGrammar(testing::Tools(), choice, thinks, warnings);
    EXPECT_TRUE(warnings.empty());
    SCOPED_TRACE(text);
    return notation::TestGrammar::Lark(text);
  }
  std::string Answer(const std::vector<json::object>& calls, std::string_view name = "get_weather") const {
    const std::string text = testing::AnswerOf(chat, format, calls, "", name);
    return text.substr(text.find_first_not_of(" \n"));
  }

  ChatTemplate chat;
  ChatFormat format;
};

class ChatFormatTest : public ::testing::TestWithParam<SmallTemplate> {};

TEST_P(ChatFormatTest, TheFamilyIsFound) {
  const Small small(GetParam());
  EXPECT_EQ(small.format.family(), GetParam().family);
  EXPECT_EQ(small.format.parallel(), GetParam().parallel);
  EXPECT_EQ(small.format.wants_object_arguments(), GetParam().object_arguments);
  EXPECT_TRUE(small.format.writes_tools());
  ASSERT_TRUE(small.format.thinking());
  EXPECT_EQ(small.format.thinking()->open,
            GetParam().family == "harmony" ? "<|channel|>analysis<|message|>" : "<think>");
  EXPECT_FALSE(small.format.thinking()->open_in_prompt);
}

TEST_P(ChatFormatTest, TheGrammarTakesTheTemplatesCallsAndNoOthers) {
  const Small small(GetParam());
  if (GetParam().family == "command-r") GTEST_SKIP() << "its JSON is indented from eight spaces on";
  const std::string one = small.Answer({Arguments("Oslo")}),
                    two = GetParam().parallel ? small.Answer({Arguments("Oslo"), Arguments("Rome")}) : "";
  for (const ChatFormat::Choice& choice :
       {ChatFormat::Choice{Use::kRequired, "", true}, ChatFormat::Choice{Use::kAuto, "", true},
        ChatFormat::Choice{Use::kNamed, "get_weather", true}}) {
    notation::TestGrammar grammar = small.Grammar(choice);
    EXPECT_EQ(grammar.Fits(one), one.size()) << one;
    EXPECT_TRUE(grammar.Accepts(one)) << one;
    if (!two.empty()) {
      EXPECT_TRUE(grammar.Accepts(two)) << two << " up to " << grammar.Fits(two);
    }
    EXPECT_EQ(grammar.Accepts("Words, {1} and <b>."), choice.use == Use::kAuto);
  }
  notation::TestGrammar single = small.Grammar({Use::kRequired, "", false});
  EXPECT_TRUE(single.Accepts(one));
  EXPECT_FALSE(!two.empty() && single.Accepts(two));
  notation::TestGrammar required = small.Grammar({Use::kRequired, "", true});
  EXPECT_FALSE(required.Accepts(small.Answer({Arguments("Oslo")}, "get_whether")));
  json::object wrong = Arguments("Oslo");
  wrong["count"] = "three";
  EXPECT_FALSE(required.Accepts(small.Answer({wrong})));
  wrong = Arguments("Oslo");
  wrong.erase("city");
  EXPECT_FALSE(required.Accepts(small.Answer({wrong}))) << "city is required";
  EXPECT_FALSE(small.Grammar({Use::kNone, "", true}).Accepts(one));
  EXPECT_FALSE(small.Grammar({Use::kNamed, "no_arguments", true}).Accepts(one));
  const ThinkingMarks& thinking = *small.format.thinking();
  EXPECT_TRUE(small.Grammar({Use::kRequired, "", true}, true).Accepts(thinking.open + "\nHm." + thinking.close + one));
}

INSTANTIATE_TEST_SUITE_P(Families, ChatFormatTest, ::testing::ValuesIn(testing::SmallTemplates()), [](const auto& of) {
  std::string name = of.param.family;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
});

TEST(ChatFormatOfTest, ATemplateWithoutCallsHasTheGenericForm) {
  const Small small({"generic", ""});
  EXPECT_EQ(small.format.family(), "generic");
  const std::string one = R"({"name": "get_weather", "arguments": {"city": "Oslo"}})";
  const testing::ReadAnswer read = testing::ReadIn(small.format, one, 1, testing::Tools());
  ASSERT_EQ(read.calls.size(), 1u);
  EXPECT_EQ(read.calls[0].arguments, R"({"city": "Oslo"})");
  EXPECT_TRUE(small.Grammar({Use::kRequired, "", true}).Accepts(one));
  const std::string text = small.format.ToolsText(testing::Tools());
  EXPECT_NE(text.find("\"get_weather\""), std::string::npos);
  EXPECT_NE(text.find(R"({"name": "NAME", "arguments": )"), std::string::npos);
}

// Of Gemma 4's, whose turns of calls end before the answers of tools, or with another blank behind the mark.
TEST(ChatFormatOfTest, WhatEndsATurnOfCallsIsNoPartOfThem) {
  SmallTemplate gemma = *std::ranges::find(testing::SmallTemplates(), "gemma4", &SmallTemplate::family);
  for (const std::string end : {"<turn|>", "<|tool_response>"}) {
    gemma.whole =
        "{% if tools %}<|turn>system\n{{ tools | tojson }}<turn|>\n{% endif %}{% for m in messages %}"
        "<|turn>{{ m.role }}\n{{ m.content or '' }}{% if m.tool_calls %}" +
        gemma.calls + end +
        "{% else %}<turn|>\n{% endif %}{% endfor %}{% if add_generation_prompt %}<|turn>assistant\n{% endif %}";
    const Small small(gemma);
    EXPECT_EQ(small.format.family(), "gemma4") << end;
    notation::TestGrammar grammar = small.Grammar({Use::kRequired, "", true});
    EXPECT_TRUE(grammar.Accepts("<|tool_call>call:get_weather{city:<|\"|>Oslo<|\"|>}<tool_call|>")) << end;
  }
}

TEST(ChatFormatOfTest, ControlTokensAreMarks) {
  const Tokenizer tokenizer =
      Tokenizer::FromGguf(testing::ByteLevelVocabulary({}, {"[TOOL_CALLS]", "<|other|>", "[ARGS]"}));
  for (const SmallTemplate& small : testing::SmallTemplates()) {
    if (small.family != "mistral-args") continue;
    const ChatTemplate chat = ChatTemplate::Parse(testing::TemplateText(small));
    const ChatFormat format = ChatFormat::Of(chat, tokenizer);
    EXPECT_TRUE(format.IsMark(*tokenizer.Find("[TOOL_CALLS]")));
    EXPECT_TRUE(format.IsMark(*tokenizer.Find("[ARGS]")));
    EXPECT_FALSE(format.IsMark(*tokenizer.Find("<|other|>")));
    std::vector<Warning> warnings;
    notation::TestGrammar grammar =
        notation::TestGrammar::Lark(format.CallGrammar(testing::Tools(), {}, false, warnings));
    EXPECT_TRUE(grammar.Accepts("Words [TOOL_CALLS] \xFF[TOOL_CALLS]no_arguments[CALL_ID]abcdefghi\xFF[ARGS]{}"));
    EXPECT_FALSE(grammar.Accepts("[TOOL_CALLS]no_arguments[CALL_ID]abcdefghi\xFF[ARGS]{}"));
  }
}

TEST(ChatFormatOfTest, WhatCannotBeKeptOfASchemaCostsAWarning) {
  const Small small(testing::SmallTemplates()[0]);
  const auto grammar = [&](std::string_view parameters, size_t warned) {
    json::array tools = {
        {{"type", "function"}, {"function", {{"name", "f"}, {"parameters", json::parse(parameters)}}}}};
    std::vector<Warning> warnings;
    const std::string text = small.format.CallGrammar(tools, {Use::kRequired, "", true}, false, warnings);
    EXPECT_EQ(warnings.size(), warned) << parameters;
    return notation::TestGrammar::Lark(text);
  };
  const auto call = [](std::string_view arguments) {
    return "<tool_call>\n{\"name\": \"f\", \"arguments\": " + std::string(arguments) + "}\n</tool_call>";
  };
  notation::TestGrammar pattern = grammar(
      R"({"type": "object", "properties": {"a": {"type": "string", "pattern": "(x)\\1"}}, "required": ["a"]})", 1);
  EXPECT_TRUE(pattern.Accepts(call(R"({"a": "any"})")));
  EXPECT_FALSE(pattern.Accepts(call(R"({"a": 1})")));
  EXPECT_TRUE(grammar(R"({"type": "array"})", 1).Accepts(call(R"({"x": 1})")));
  EXPECT_TRUE(grammar(R"("no schema")", 1).Accepts(call(R"({"x": 1})")));
  EXPECT_FALSE(grammar(R"({"type": "array"})", 1).Accepts(call("[1]")));
}

// --- the templates of real models, where they are at hand ---

TEST(ChatFormatOfTest, ReadsTheCallsOfRealTemplates) {
  const std::filesystem::path folder = testing::SharedPath("conformance/chat");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no conformance data at " << folder;
  size_t templates = 0, written = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    SCOPED_TRACE(entry.path().filename().string());
    std::ostringstream bytes;
    bytes << std::ifstream(entry.path()).rdbuf();
    const ChatTemplate chat = ChatTemplate::Parse(std::string(json::parse(bytes.str()).at("template").as_string()));
    const ChatFormat format = ChatFormat::Of(chat, testing::PlainTokenizer());
    ++templates;
    json::value given = Arguments("Oslo");
    if (!format.wants_object_arguments()) given = json::string(json::serialize(given));
    json::array messages = {{{"role", "user"}, {"content", "?"}},
                            {{"role", "assistant"},
                             {"content", ""},
                             {"tool_calls",
                              {{{"id", "call00001"},
                                {"type", "function"},
                                {"function", {{"name", "get_weather"}, {"arguments", given}}}}}}}};
    std::string text;
    try {
      text = chat.Render({{"messages", messages}, {"bos_token", ""}, {"eos_token", ""}}, 0).Text();
    } catch (const Error&) {
      continue;  // it has no place for calls
    }
    const size_t name = text.find("get_weather");
    if (name == std::string::npos) continue;
    ++written;
    // From the answer's first mark on: what stands in front of that is of the turn.
    const testing::ReadAnswer read = testing::ReadIn(format, text, 1, testing::Tools());
    const testing::ReadAnswer bare =
        testing::ReadIn(format, text.substr(std::min(name, text.rfind('{', name))), 1, testing::Tools());
    const std::vector<ToolCall>& calls = read.calls.empty() ? bare.calls : read.calls;
    ASSERT_EQ(calls.size(), 1u) << text;
    EXPECT_EQ(calls[0].name, "get_weather");
    EXPECT_EQ(json::parse(calls[0].arguments), json::value(Arguments("Oslo")));
  }
  EXPECT_EQ(templates, 16u);
  EXPECT_GE(written, 11u);
}

}  // namespace
}  // namespace sheepop
