#include "include/sheepop/shared_model.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <functional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/json.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

namespace json = boost::json;

std::string TinyPath() { return testing::SourcePath("tests/data/tiny/llama/model.gguf").string(); }

const SharedModel& Tiny() {
  static const SharedModel model = SharedModel::Open(TinyPath(), {.threads = 2, .context = 64, .engine = {}});
  return model;
}

constexpr std::string_view kOnce = R"({"prompt": "Once", "max_tokens": 12, "seed": 7, "ignore_eos": true})";

std::string Pieces(ModelAnswer& answer) {
  std::string text;
  for (AnswerPiece piece; answer.Next(piece);) text += piece.text;
  return text;
}

std::string TextOf(const std::string& whole) {
  return std::string(ParseJsonObject(whole, "the answer").at("choices").at(0).at("text").as_string());
}

Failure FailureIn(const std::function<void()>& work) {
  try {
    work();
  } catch (const Failure& failure) {
    return failure;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {"", ""};
}

TEST(SharedModel, PiecesAreTheText) {
  ModelAnswer answer = Tiny().Complete(kOnce);
  const std::string text = Pieces(answer);
  EXPECT_FALSE(text.empty());
  EXPECT_EQ(TextOf(answer.Whole()), text);
  EXPECT_EQ(answer.Whole(), answer.Whole());
  AnswerPiece piece;
  EXPECT_EQ(answer.Next(piece, 0), ModelAnswer::State::kEnd);
}

TEST(SharedModel, WritesWhatATextModelWrites) {
  TextModel alone = TextModel::Open(TinyPath(), {.threads = 1, .context = 64, .engine = {}});
  const Generation written = alone.Generate("Once", {.max_tokens = 12, .stops = {}, .sampling = {}, .seed = 7});
  ModelAnswer answer = Tiny().Complete(R"({"prompt": "Once", "max_tokens": 12, "seed": 7})");
  EXPECT_EQ(Pieces(answer), written.text);
}

TEST(SharedModel, ThreadsWriteWhatEachWouldAlone) {
  const auto request = [](size_t seed) {
    return R"({"prompt": "Once", "max_tokens": 30, "ignore_eos": true, "seed": )" + std::to_string(seed) + "}";
  };
  std::vector<std::string> alone, together(4);
  for (size_t seed = 0; seed < 4; ++seed) alone.push_back(TextOf(Tiny().Complete(request(seed)).Whole()));
  {
    std::vector<std::jthread> threads;
    for (size_t seed = 0; seed < 4; ++seed) {
      threads.emplace_back([&, seed] { together[seed] = TextOf(Tiny().Complete(request(seed)).Whole()); });
    }
  }
  EXPECT_EQ(alone, together);
}

TEST(SharedModel, AConversationIsAnswered) {
  ModelAnswer answer = Tiny().Chat(R"({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 8, "seed": 1})");
  const std::string text = Pieces(answer);
  const json::object whole = ParseJsonObject(answer.Whole(), "the answer");
  EXPECT_EQ(whole.at("choices").at(0).at("message").at("content").as_string(), text);
  EXPECT_EQ(whole.at("object").as_string(), "chat.completion");
}

TEST(SharedModel, CancelKeepsWhatWasWritten) {
  ModelAnswer answer = SharedModel::Open(TinyPath(), {.threads = 1, .context = 4000, .engine = {}})
                           .Complete(R"({"prompt": "a", "max_tokens": 3900, "ignore_eos": true, "seed": 1})");
  AnswerPiece first;
  ASSERT_TRUE(answer.Next(first));
  answer.Cancel();
  const json::object whole = ParseJsonObject(answer.Whole(), "the answer");
  EXPECT_EQ(whole.at("choices").at(0).at("finish_reason").as_string(), "interrupt");
  EXPECT_TRUE(whole.at("choices").at(0).at("text").as_string().starts_with(first.text));
}

TEST(SharedModel, OneThatIsLetGoOfMakesRoom) {
  for (int i = 0; i < 40; ++i) {  // more than run at once
    Tiny().Complete(R"({"prompt": "a", "max_tokens": 60, "ignore_eos": true})");
  }
  EXPECT_FALSE(TextOf(Tiny().Complete(kOnce).Whole()).empty());
}

TEST(SharedModel, TheDescriptorIsReadableWhileThereIsSomethingToRead) {
  ModelAnswer answer = Tiny().Complete(kOnce);
  const auto readable = [&](int wait_ms) {
    pollfd asked{answer.ready(), POLLIN, 0};
    return poll(&asked, 1, wait_ms) == 1;
  };
  std::string text;
  AnswerPiece piece;
  for (;;) {
    ASSERT_TRUE(readable(10'000));
    const ModelAnswer::State state = answer.Next(piece, 0);
    if (state == ModelAnswer::State::kEnd) break;
    if (state == ModelAnswer::State::kPiece) text += piece.text;
  }
  EXPECT_TRUE(readable(0));
  EXPECT_EQ(text, TextOf(answer.Whole()));
}

TEST(SharedModel, RefusalsNameTheFieldAndItsBound) {
  const auto refusal = [](std::string_view request) { return FailureIn([&] { Tiny().Complete(request); }); };
  const Failure wrong = refusal(R"({"prompt": "a", "top_p": 2})");
  EXPECT_EQ(wrong.category(), "invalid_argument");
  EXPECT_EQ(wrong.field(), "top_p");
  EXPECT_STREQ(wrong.what(), "top_p is 2, must be 0 to 1");
  EXPECT_EQ(refusal(R"({"prompt": "a", "top_kk": 2})").field(), "top_kk");
  EXPECT_EQ(refusal(R"({"prompt": "a", "stream": true})").field(), "stream");
  EXPECT_EQ(refusal("[]").category(), "invalid_argument");
  EXPECT_EQ(refusal(R"({"prompt": ")" + std::string(500, 'a') + "\"}").category(), "limit");
  EXPECT_EQ(FailureIn([] { SharedModel::Open("/absent/model.gguf"); }).category(), "not_found");
}

TEST(SharedModel, AnExplanationIsOfTheSameDraws) {
  const ExplainedText why = Tiny().Explain(R"({"prompt": "Once", "max_tokens": 3, "seed": 7, "watch": ["5"]})");
  const json::object report = ParseJsonObject(why.json, "the report");
  ModelAnswer answer = Tiny().Complete(R"({"prompt": "Once", "max_tokens": 3, "seed": 7})");
  EXPECT_EQ(report.at("text").as_string(), Pieces(answer));
  EXPECT_EQ(report.at("steps").at(0).at("watched").at(0).at("id").as_int64(), 5);
  EXPECT_NE(why.page.find("<html"), std::string::npos);
  EXPECT_EQ(FailureIn([] { Tiny().Explain(R"({"prompt": "Once", "n": 2})"); }).field(), "n");
}

TEST(SharedModel, LogitsGiveTheScores) {
  const std::vector<int32_t> tokens = Tiny().Tokenize("Once upon", true);
  const FloatRows logits = Tiny().Logits(tokens);
  ASSERT_EQ(logits.rows, tokens.size());
  ASSERT_EQ(logits.columns, Tiny().facts().vocabulary);
  const ScoredText score = Tiny().Score(tokens);
  for (size_t place = 0; place + 1 < tokens.size(); ++place) {
    const auto row = std::span(logits.values).subspan(place * logits.columns, logits.columns);
    const float own = row[static_cast<size_t>(tokens[place + 1])];
    EXPECT_LE(score.ranks[place], static_cast<size_t>(std::ranges::count_if(row, [&](float x) { return x >= own; })));
    EXPECT_GE(score.ranks[place], static_cast<size_t>(std::ranges::count_if(row, [&](float x) { return x > own; })));
  }
}

TEST(SharedModel, ScoresAreOfTheCacheThatWasAskedFor) {
  const auto open = [](const char* type) {
    return SharedModel::Open(TinyPath(), {.threads = 1, .context = 64, .engine = {{"kv_type", type}}});
  };
  const SharedModel exact = open("f32"), coarse = open("bf16");
  const std::vector<int32_t> tokens = exact.Tokenize("Once upon a time there was a sheep", true);
  EXPECT_NE(exact.Score(tokens).logprobs, coarse.Score(tokens).logprobs);
  const auto alone = [](const char* type) {
    return TextModel::Open(TinyPath(), {.threads = 1, .context = 64, .engine = {{"kv_type", type}}})
        .Score("a sheep")
        .logprobs;
  };
  EXPECT_NE(alone("f32"), alone("bf16"));
}

TEST(SharedModel, VectorsHaveLengthOne) {
  const std::vector<std::string> texts(20, "The sheep");  // more than run at once
  const FloatRows vectors = Tiny().Embed(texts);
  ASSERT_EQ(vectors.rows, texts.size());
  ASSERT_EQ(vectors.values.size(), texts.size() * Tiny().facts().width);
  double squares = 0;
  for (size_t i = 0; i < vectors.columns; ++i) squares += double{vectors.values[i]} * vectors.values[i];
  EXPECT_NEAR(squares, 1, 1e-5);
  EXPECT_EQ(FailureIn([] { Tiny().Embed(std::vector<std::string>{""}); }).category(), "invalid_argument");
}

TEST(SharedModel, AQuestionInterrupts) {
  const SharedModel model = SharedModel::Open(TinyPath(), {.threads = 1, .context = 0, .engine = {}});
  const std::vector<int32_t> tokens(model.facts().context - 1, 65), many(200'000, 65);
  const auto yes = [] { return true; };
  const std::string_view request = R"({"prompt": "a", "max_tokens": 4000, "temperature": 0, "min_tokens": 4000})";
  EXPECT_EQ(FailureIn([&] { model.Explain(request, yes); }).category(), "interrupted");
  EXPECT_EQ(FailureIn([&] { model.Score(many, 0, 0, yes); }).category(), "interrupted");
  EXPECT_EQ(FailureIn([&] {
              for (;;) model.Logits(tokens, yes);
            }).category(),
            "interrupted");
}

}  // namespace
}  // namespace sheepop
