// What models write, with all the faults of it: nothing is lost.
#include <gtest/gtest.h>

#include "generate/chat_test_support.h"

namespace sheepop {
namespace {

namespace json = boost::json;
using testing::Arguments;
using testing::ReadIn;
using testing::SmallTemplate;

struct Family {
  explicit Family(const SmallTemplate& small)
      : chat(ChatTemplate::Parse(testing::TemplateText(small))),
        format(ChatFormat::Of(chat, testing::PlainTokenizer())),
        unseen(small.unseen) {}

  // What of a text a reader tells: marks that part an answer are no part of it, nor is white space around them.
  std::string Told(std::string text) const {
    if (unseen.empty()) return text;
    for (const std::string& mark : unseen) {
      for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) text.erase(at, mark.size());
    }
    std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
    return text;
  }

  std::string One(std::string_view city = "Oslo") const { return testing::AnswerOf(chat, format, {Arguments(city)}); }

  ChatTemplate chat;
  ChatFormat format;
  std::vector<std::string> unseen;
};

// Whole and byte by byte the same, and all of it there.
testing::ReadAnswer Read(const Family& family, const std::string& text) {
  const testing::ReadAnswer whole = ReadIn(family.format, text, text.size() + 1, testing::Tools());
  const testing::ReadAnswer bytes = ReadIn(family.format, text, 1, testing::Tools());
  EXPECT_EQ(family.Told(whole.whole), family.Told(text));
  EXPECT_EQ(family.Told(bytes.whole), family.Told(text));
  EXPECT_EQ(bytes.text, whole.text);
  EXPECT_EQ(bytes.calls.size(), whole.calls.size());
  for (const testing::ReadAnswer* read : {&whole, &bytes}) {
    EXPECT_EQ(read->streamed.size(), read->calls.size());
    for (size_t i = 0; i < std::min(read->calls.size(), read->streamed.size()); ++i) {
      const ToolCall& call = read->calls[i];
      EXPECT_EQ(read->streamed[i], call.arguments) << "the deltas make the arguments";
      boost::system::error_code failed;
      EXPECT_TRUE(json::parse(call.arguments, failed).is_object()) << call.arguments;
      EXPECT_FALSE(failed) << call.arguments;
    }
  }
  return whole;
}

// Whether a character begins here.
bool Whole(const std::string& text, size_t at) {
  return at >= text.size() || (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
}

class ChatReaderTest : public ::testing::TestWithParam<SmallTemplate> {
 protected:
  Family family_{GetParam()};
};

TEST_P(ChatReaderTest, ReadsWhatTheTemplateWrites) {
  std::vector<std::string> cities = {"Oslo", "Zürich 😀", ""};
  if (GetParam().escapes) {
    for (const char* hard : {"a \"b\" 'c' \\ {[}]", "</tool_call>]}<|x|>", "line\nbreak\tand ```"})
      cities.emplace_back(hard);
  } else {
    for (const char* hard : {"a \"b\" {[}]", "<b>x</b>", "two\nlines"}) cities.emplace_back(hard);
  }
  for (const std::string& city : cities) {
    SCOPED_TRACE(city);
    const testing::ReadAnswer read = Read(family_, family_.One(city));
    ASSERT_EQ(read.calls.size(), 1u) << family_.One(city);
    EXPECT_EQ(read.calls[0].name, "get_weather");
    EXPECT_EQ(json::parse(read.calls[0].arguments), json::value(Arguments(city)));
    EXPECT_EQ(read.text, "");
  }
}

TEST_P(ChatReaderTest, SaysHowMuchItHolds) {
  const std::string text = "A < b, \n\n and [TOOL <tool_ca functions. {x\n";
  ChatFormat::Reader reader(family_.format, testing::Tools(), true, false);
  size_t told = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    for (const AnswerDelta& delta : reader.Add(text.substr(i, 1))) told += delta.text.size();
    EXPECT_EQ(told + reader.held(), i + 1) << text.substr(0, i + 1);
  }
  for (const AnswerDelta& delta : reader.End()) told += delta.text.size();
  EXPECT_EQ(told, text.size());
}

TEST_P(ChatReaderTest, ReadsTwoCallsAndTheWordsAround) {
  if (GetParam().parallel) {
    const std::string two = testing::AnswerOf(family_.chat, family_.format, {Arguments("Oslo"), Arguments("Rome")});
    const testing::ReadAnswer read = Read(family_, two);
    ASSERT_EQ(read.calls.size(), 2u) << two;
    EXPECT_EQ(json::parse(read.calls[1].arguments), json::value(Arguments("Rome")));
    EXPECT_EQ(read.text, "");
    const testing::ReadAnswer apart = Read(family_, family_.One() + " and " + family_.One());
    EXPECT_GE(apart.calls.size(), 1u);
  }
  const bool bare = family_.format.family() == "llama3";
  const std::string words = "Some {\"words\"} <b>in</b> front [1].";
  const testing::ReadAnswer front =
      Read(family_, testing::AnswerOf(family_.chat, family_.format, {Arguments("Oslo")}, words));
  EXPECT_EQ(front.calls.size(), bare ? 0u : 1u);
  const std::string& told = GetParam().family == "harmony" ? front.thinking : front.text;
  EXPECT_EQ(told.substr(0, words.size()), words);
  if (!bare) {
    EXPECT_EQ(told, words);
  }
  const testing::ReadAnswer behind = Read(family_, family_.One() + " And words.");
  EXPECT_EQ(behind.calls.size(), 1u);
  EXPECT_EQ(behind.text, " And words.");
}

TEST_P(ChatReaderTest, AnUnknownNameIsText) {
  const std::string text = testing::AnswerOf(family_.chat, family_.format, {Arguments("Oslo")}, "", "get_whether");
  const testing::ReadAnswer read = Read(family_, text);
  EXPECT_EQ(read.calls.size(), 0u);
  EXPECT_EQ(read.text, text);
}

TEST_P(ChatReaderTest, LosesNothingWhereverItIsCut) {
  const std::string text = family_.One("a \"b\" {");
  for (size_t n = 0; n < text.size(); ++n) {
    if (!Whole(text, n)) continue;
    const testing::ReadAnswer read = Read(family_, text.substr(0, n));
    if (read.calls.empty()) {
      EXPECT_EQ(read.text, text.substr(0, n));
    }
  }
}

TEST_P(ChatReaderTest, LosesNothingWhateverStandsInTheMidst) {
  const std::string text = family_.One("a \"b\" {");
  for (const std::string_view stray : {"\"", "}", "]", "{", "<", ">", " ", "\n", "\\", "'", ",", "<tool_call>",
                                       "</tool_call>", "stray words", "<|tool|>", "\xC3\xA9"}) {
    for (size_t n = stray.size() % 5; n <= text.size(); n += 13) {
      if (!Whole(text, n)) continue;
      Read(family_, text.substr(0, n) + std::string(stray) + text.substr(n));
    }
  }
}

TEST_P(ChatReaderTest, LosesNothingWhateverIsMissing) {
  const std::string text = family_.One("a b");
  for (size_t n = 0; n < text.size(); ++n) {
    for (const size_t size : {size_t{1}, size_t{7}}) {
      if (Whole(text, n) && Whole(text, n + size))
        Read(family_, text.substr(0, n) + text.substr(std::min(n + size, text.size())));
    }
  }
}

TEST_P(ChatReaderTest, ACallBehindABrokenOneIsRead) {
  const std::string text = family_.One();
  const size_t name = text.find("get_weather");
  if (name == 0 || family_.format.family() == "llama3") GTEST_SKIP() << "a bare call is the whole answer";
  const testing::ReadAnswer read = Read(family_, text.substr(0, name) + "?? " + text);
  EXPECT_EQ(read.calls.size(), 1u) << text;
}

INSTANTIATE_TEST_SUITE_P(Families, ChatReaderTest, ::testing::ValuesIn(testing::SmallTemplates()), [](const auto& of) {
  std::string name = of.param.family;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
});

// --- streaming, thoughts ---

const SmallTemplate& Hermes() { return testing::SmallTemplates()[0]; }

std::vector<std::string> Pieces(ChatFormat::Reader& reader, std::string_view text, AnswerDelta::Kind kind) {
  std::vector<std::string> pieces;
  for (const AnswerDelta& delta : reader.Add(text)) {
    if (delta.kind == kind) pieces.push_back(delta.text);
  }
  return pieces;
}

TEST(ChatStreamTest, TextThatIsNoMarkIsHandedOutAtOnce) {
  const Family family(Hermes());
  ChatFormat::Reader reader(family.format, testing::Tools(), true, false);
  using Texts = std::vector<std::string>;
  EXPECT_EQ(Pieces(reader, "a", AnswerDelta::kText), Texts{"a"});
  EXPECT_EQ(Pieces(reader, " <tool", AnswerDelta::kText), Texts{});
  EXPECT_EQ(Pieces(reader, "s>", AnswerDelta::kText), Texts{" <tools>"});
  EXPECT_EQ(Pieces(reader, "\xC3", AnswerDelta::kText), Texts{}) << "half a character";
  EXPECT_EQ(Pieces(reader, "\xA9<", AnswerDelta::kText), Texts{"é"});
}

TEST(ChatStreamTest, ArgumentsComeAsTheyAreWritten) {
  for (const SmallTemplate& small : testing::SmallTemplates()) {
    if (small.family != "hermes" && small.family != "qwen3-coder" && small.family != "gemma4" && small.family != "lfm2")
      continue;
    const Family family(small);
    const std::string text = family.One("a long long text of many words");
    ChatFormat::Reader reader(family.format, testing::Tools(), true, false);
    std::string begun, so_far;
    for (const char byte : text.substr(0, text.find("words"))) {
      for (const AnswerDelta& delta : reader.Add(std::string_view(&byte, 1))) {
        if (delta.kind == AnswerDelta::kCallBegin) begun = delta.text;
        if (delta.kind == AnswerDelta::kCallArguments) so_far += delta.text;
      }
    }
    EXPECT_EQ(begun, "get_weather") << small.family;
    EXPECT_NE(so_far.find("many"), std::string::npos) << small.family << ": " << so_far;
  }
}

struct Thoughts {
  std::string thinking, text;
  bool operator==(const Thoughts&) const = default;
};

Thoughts ReadThoughts(const Family& family, std::string_view text, bool open) {
  const testing::ReadAnswer whole = ReadIn(family.format, text, text.size() + 1, testing::Tools(), open);
  const testing::ReadAnswer bytes = ReadIn(family.format, text, 1, testing::Tools(), open);
  EXPECT_EQ(whole.thinking, bytes.thinking);
  EXPECT_EQ(whole.text, bytes.text);
  return {whole.thinking, whole.text};
}

TEST(ChatStreamTest, ThoughtsAreParted) {
  const Family family(Hermes());
  ASSERT_TRUE(family.format.thinking());
  EXPECT_EQ(family.format.thinking()->open, "<think>");
  EXPECT_EQ(family.format.thinking()->close, "</think>");
  EXPECT_EQ(ReadThoughts(family, "<think>\nHm, <b>.\n</think>\n\nYes.", false), (Thoughts{"Hm, <b>.", "Yes."}));
  EXPECT_EQ(ReadThoughts(family, "\nHm.\n</think>\n\nYes.", true), (Thoughts{"Hm.", "Yes."}));
  EXPECT_EQ(ReadThoughts(family, "<think>\n\n</think>\n\nYes.", false), (Thoughts{"", "Yes."}));
  EXPECT_EQ(ReadThoughts(family, "</think>Yes.", false), (Thoughts{"", "Yes."})) << "the prompt had closed them";
  EXPECT_EQ(ReadThoughts(family, "Hm. No end", true), (Thoughts{"Hm. No end", ""}));
  EXPECT_EQ(ReadThoughts(family, "Words of <think> and </think>.", false),
            (Thoughts{"", "Words of <think> and </think>."}));
  EXPECT_EQ(ReadThoughts(family, "<think>A <tool_call> here</think>", false), (Thoughts{"A <tool_call> here", ""}));
  EXPECT_TRUE(family.format.InThoughts("<|assistant|><think>\n"));
  EXPECT_FALSE(family.format.InThoughts("<|assistant|><think>\n\n</think>\n"));
}

TEST(ChatStreamTest, ACallBehindThoughts) {
  const Family family(Hermes());
  const testing::ReadAnswer read = ReadIn(family.format, "Hm.</think>\n" + family.One(), 1, testing::Tools(), true);
  EXPECT_EQ(read.thinking, "Hm.");
  EXPECT_EQ(read.text, "");
  EXPECT_EQ(read.calls.size(), 1u);
}

}  // namespace
}  // namespace sheepop
