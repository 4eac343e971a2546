// gpt-oss's channels: analysis is thought, commentary calls, final is the answer.
#include <gtest/gtest.h>

#include "generate/chat_test_support.h"
#include "sample/notation/testing_grammar.h"

namespace sheepop {
namespace {

namespace json = boost::json;
using testing::ReadAnswer;
using Use = ChatFormat::Use;

const std::vector<std::string>& Controls() {
  static const std::vector<std::string> names = {"<|start|>",  "<|end|>",       "<|message|>", "<|channel|>",
                                                 "<|return|>", "<|constrain|>", "<|call|>"};
  return names;
}

const Tokenizer& HarmonyTokenizer() {
  static const Tokenizer tokenizer = Tokenizer::FromGguf(testing::ByteLevelVocabulary({}, Controls()));
  return tokenizer;
}

class HarmonyTest : public ::testing::Test {
 protected:
  ReadAnswer Read(std::string_view text) const {
    const ReadAnswer whole = testing::ReadIn(format_, text, text.size() + 1, testing::Tools());
    const ReadAnswer bytes = testing::ReadIn(format_, text, 1, testing::Tools());
    EXPECT_EQ(bytes.text, whole.text);
    EXPECT_EQ(bytes.thinking, whole.thinking);
    EXPECT_EQ(bytes.streamed, whole.streamed);
    EXPECT_EQ(bytes.calls.size(), whole.calls.size());
    return whole;
  }

  ChatTemplate chat_ = ChatTemplate::Parse(testing::TemplateText(testing::Harmony()));
  ChatFormat format_ = ChatFormat::Of(chat_, HarmonyTokenizer());
};

constexpr std::string_view kThought = "<|channel|>analysis<|message|>Hm, <b>.<|end|>";
constexpr std::string_view kFinal = "<|start|>assistant<|channel|>final<|message|>";
constexpr std::string_view kCall = "<|start|>assistant<|channel|>commentary to=functions.get_weather ";
constexpr std::string_view kJson = "<|constrain|>json<|message|>";

std::string Joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

TEST_F(HarmonyTest, TheRowIsFound) {
  EXPECT_EQ(format_.family(), "harmony");
  EXPECT_EQ(format_.thought_field(), "thinking");
  ASSERT_TRUE(format_.thinking());
  EXPECT_EQ(format_.thinking()->close, "<|end|>");
  for (const std::string& name : Controls()) EXPECT_TRUE(format_.IsMark(*HarmonyTokenizer().Find(name))) << name;
}

TEST_F(HarmonyTest, ReturnAndCallEndAnAnswerAndEndDoesNot) {
  const SpecialTokenIds& special = HarmonyTokenizer().special();
  EXPECT_TRUE(special.Ends(*HarmonyTokenizer().Find("<|return|>")));
  EXPECT_TRUE(special.Ends(*HarmonyTokenizer().Find("<|call|>")));
  EXPECT_FALSE(special.Ends(*HarmonyTokenizer().Find("<|end|>")));
}

TEST_F(HarmonyTest, ThePromptsVariables) {
  const json::array messages = {{{"role", "user"}, {"content", "?"}}};
  const std::string text = chat_
                               .Render({{"messages", messages},
                                        {"reasoning_effort", "high"},
                                        {"builtin_tools", {"python"}},
                                        {"add_generation_prompt", true}},
                                       86400)
                               .Text();
  EXPECT_EQ(text,
            "<|start|>system<|message|>Reasoning: high, python, 1970-01-02<|end|>"
            "<|start|>user<|message|>?<|end|><|start|>assistant");
}

TEST_F(HarmonyTest, ChannelsAreParted) {
  const ReadAnswer read = Read(Joined({kThought, kFinal, " Yes,\n<x>."}));
  EXPECT_EQ(read.thinking, "Hm, <b>.");
  EXPECT_EQ(read.text, " Yes,\n<x>.");
  const ReadAnswer preamble = Read(Joined({kThought, "<|start|>assistant<|channel|>commentary<|message|>I look.<|end|>",
                                           kCall, kJson, R"({"city": "Oslo"})"}));
  EXPECT_EQ(preamble.text, "I look.");
  ASSERT_EQ(preamble.calls.size(), 1u);
  EXPECT_EQ(preamble.calls[0].arguments, R"({"city": "Oslo"})");
  ChatFormat::Reader reader(format_, {}, false, false);
  EXPECT_EQ(reader.Add("<|channel|>analysis<|message|>Th").at(0).kind, AnswerDelta::kThinking) << "as it is written";
}

TEST_F(HarmonyTest, TheHeadOfACallIsWrittenInManyWays) {
  for (const std::string_view head :
       {"<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>",
        "<|channel|>commentary to=functions.get_weather<|message|>",
        "<|channel|>commentary to=functions.get_weather json<|message|>",
        "<|channel|>commentary to=functions.get_weather code<|message|>",
        "<|channel|>analysis to=functions.get_weather <|constrain|>json<|message|>",
        " to=functions.get_weather<|channel|>commentary json<|message|>",
        " to=functions.get_weather<|channel|>commentary <|constrain|>json<|message|>",
        " to=functions.get_weather<|channel|>commentary<|message|>", " to=functions.get_weather<|message|>",
        " to=functions.get_weather<|channel|>analysis code<|message|>"}) {
    SCOPED_TRACE(head);
    const ReadAnswer read = Read(Joined({kThought, "<|start|>assistant", head, R"( {"city": "Oslo"})", "<|call|>"}));
    ASSERT_EQ(read.calls.size(), 1u);
    EXPECT_EQ(read.calls[0].name, "get_weather");
    EXPECT_EQ(read.calls[0].arguments, R"({"city": "Oslo"})");
    EXPECT_EQ(read.text, "");
    EXPECT_EQ(read.thinking, "Hm, <b>.");
  }
}

struct Fault {
  std::string_view what;
  std::string text;
  std::string_view thoughts, words;
  std::vector<std::string> arguments = {};  // of the calls
};

std::vector<Fault> Faults() {
  const std::string call = Joined({kCall, kJson});
  const std::string head = "<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>";
  const std::string one = R"({"city": "Oslo"})";
  return {
      {"a call cut in its arguments", call + R"({"city": "Os)", "",
       R"(<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city": "Os)"},
      {"cut in its name", "<|start|>assistant<|channel|>commentary to=functions.get_wea", "",
       "<|channel|>commentary to=functions.get_wea"},
      {"cut in its head", "<|channel|>commentary to=functions.get_weather <|const", "",
       "<|channel|>commentary to=functions.get_weather <|const"},
      {"words in front of the arguments", head + "Sure: " + one, "",
       R"(<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>Sure: {"city": "Oslo"})"},
      {"a wrong name", "<|channel|>commentary to=functions.get_whether json<|message|>" + one, "",
       R"(<|channel|>commentary to=functions.get_whether json<|message|>{"city": "Oslo"})"},
      {"a tool that nobody gave", "<|channel|>analysis to=python code<|message|>print(1)", "",
       "<|channel|>analysis to=python code<|message|>print(1)"},
      {"no name", "<|channel|>commentary to=functions. json<|message|>" + one, "",
       R"(<|channel|>commentary to=functions. json<|message|>{"city": "Oslo"})"},
      {"quotes, braces and marks in strings",
       head + R"({"city": "a \"b\" {]} <|call|><|end|> to=functions.x"})",
       "",
       "",
       {R"({"city": "a \"b\" {]} <|call|><|end|> to=functions.x"})"}},
      {"escapes", head + R"({"city": "Z\u00fcrich \\ \n \/"})", "", "", {R"({"city": "Z\u00fcrich \\ \n \/"})"}},
      {"two calls", head + one + "<|call|>" + call + R"({"city": "Rome"})", "", "", {one, R"({"city": "Rome"})"}},
      {"two calls, and no mark between them", head + one + head + one, "", "", {one, one}},
      {"words behind a call", head + one + "<|call|> And words.", "", " And words.", {one}},
      {"thoughts without an end", Joined({"<|channel|>analysis<|message|>Hm.", kFinal, "Yes."}), "Hm.", "Yes."},
      {"thoughts without an end before a call", "<|channel|>analysis<|message|>Hm." + call + one, "Hm.", "", {one}},
      {"thoughts that are cut", "<|channel|>analysis<|message|>Hm. <|en", "Hm. <|en", ""},
      {"thoughts twice",
       Joined({kThought, "<|start|>assistant<|channel|>analysis<|message|>Or.<|end|>", kFinal, "Yes."}), "Hm, <b>.Or.",
       "Yes."},
      {"no channel", "Yes, <b>.", "", "Yes, <b>."},
      {"a closing mark alone", "<|end|>Yes.", "", "Yes."},
      {"a comma too many", head + R"({"city": "Oslo",})", "",
       R"(<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city": "Oslo",})"},
      {"a list of arguments", head + R"(["Oslo"])", "",
       R"(<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>["Oslo"])"},
      {"JSON as the answer", Joined({"<|channel|>final <|constrain|>json<|message|>", "{\"a\": 1}"}), "", "{\"a\": 1}"},
      {"another family's marks", Joined({kFinal, "<tool_call>{}</tool_call><think>"}), "",
       "<tool_call>{}</tool_call><think>"},
      {"words of a recipient", Joined({kFinal, "Write to=functions.get_weather to call."}), "",
       "Write to=functions.get_weather to call."},
      {"a broken call, and a whole one",
       "<|channel|>commentary to=functions.<|start|>assistant" + head + one,
       "",
       "<|channel|>commentary to=functions.",
       {one}},
  };
}

TEST_F(HarmonyTest, NothingIsLostOfWhatIsFaulty) {
  for (const Fault& fault : Faults()) {
    SCOPED_TRACE(fault.what);
    const ReadAnswer read = Read(fault.text);
    EXPECT_EQ(read.thinking, fault.thoughts);
    EXPECT_EQ(read.text, fault.words);
    EXPECT_EQ(read.streamed, fault.arguments);
    for (size_t n = 0; n < fault.text.size(); ++n) Read(std::string_view(fault.text).substr(0, n));
  }
}

// --- the grammar ---

// The names of control tokens as the test's grammar reads them.
std::string AsTokens(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    for (const std::string& name : Controls()) {
      if (!text.starts_with(name)) continue;
      out += '\xFF';
      break;
    }
    out += text[0];
    text.remove_prefix(1);
  }
  return out;
}

TEST_F(HarmonyTest, TheGrammarHoldsCallsToTheirSchemas) {
  const auto grammar = [&](const ChatFormat::Choice& choice, bool thinks) {
    std::vector<Warning> warnings;
    return notation::TestGrammar::Lark(format_.CallGrammar(testing::Tools(), choice, thinks, warnings));
  };
  const std::string open = "<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>";
  const std::string good = R"({"city": "Oslo", "count": 3})", bad = R"({"count": "three"})";
  for (const bool thinks : {false, true}) {
    const std::string thought = thinks ? std::string(kThought) + "<|start|>assistant" : "";
    notation::TestGrammar some = grammar({Use::kAuto, "", true}, thinks);
    notation::TestGrammar must = grammar({Use::kRequired, "", true}, thinks);
    for (notation::TestGrammar* one : {&some, &must}) {
      EXPECT_TRUE(one->Accepts(AsTokens(thought + open + good)));
      EXPECT_TRUE(
          one->Accepts(AsTokens(thought + " to=functions.get_weather<|channel|>commentary json<|message|>" + good)));
      EXPECT_FALSE(one->Accepts(AsTokens(thought + open + bad)));
      EXPECT_FALSE(one->Accepts(AsTokens(thought + open + good.substr(0, 9))));
    }
    const std::string words = thought + "<|channel|>final<|message|>Yes, <b>.";
    EXPECT_TRUE(some.Accepts(AsTokens(words)));
    EXPECT_FALSE(must.Accepts(AsTokens(words)));
    const std::string both = thought + "<|channel|>commentary<|message|>I look.<|end|><|start|>assistant" + open + good;
    EXPECT_TRUE(some.Accepts(AsTokens(both)));
    EXPECT_TRUE(grammar({Use::kNone, "", true}, thinks).Accepts(AsTokens(words)));
    EXPECT_FALSE(grammar({Use::kNone, "", true}, thinks).Accepts(AsTokens(thought + open + good)));
    EXPECT_FALSE(grammar({Use::kNamed, "no_arguments", true}, thinks).Accepts(AsTokens(thought + open + good)));
  }
}

TEST_F(HarmonyTest, AnAnswerInJsonStandsInItsChannel) {
  notation::TestGrammar grammar = notation::TestGrammar::Lark(
      format_.JsonGrammar(R"({"type": "object", "properties": {"a": {"type": "integer"}}})"));
  EXPECT_TRUE(grammar.Accepts(AsTokens("<|start|>assistant<|channel|>final<|message|>{\"a\": 1}")));
  EXPECT_TRUE(grammar.Accepts(AsTokens("<|channel|>final <|constrain|>json<|message|>{\"a\": 1}")));
  EXPECT_FALSE(grammar.Accepts(AsTokens("<|channel|>final<|message|>{\"a\": \"1\"}")));
  EXPECT_FALSE(grammar.Accepts(AsTokens("<|channel|>final<|message|>Yes.")));
}

}  // namespace
}  // namespace sheepop
