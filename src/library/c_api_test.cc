#include <gtest/gtest.h>
#include <poll.h>

#include <boost/json/value.hpp>
#include <cmath>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/json.h"
#include "include/sheepop/shared_model.h"
#include "include/sheepop/sheepop_c.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

std::string TinyPath() { return testing::SourcePath("tests/data/tiny/llama/model.gguf").string(); }

constexpr const char* kOptions = R"({"threads": 2, "context": 64, "kv_type": "bf16"})";
constexpr const char* kOnce = R"({"prompt": "Once", "max_tokens": 12, "seed": 7, "ignore_eos": true})";

// Of an error, which it frees; {0, ""} of none.
struct Told {
  explicit Told(sheepop_error* error) {
    if (error) {
      category = sheepop_error_category(error);
      message = sheepop_error_message(error);
      field = sheepop_error_field(error);
    }
    sheepop_error_free(error);
  }
  int category = 0;
  std::string message, field;
};

#define ASSERT_DONE(call) ASSERT_EQ(Told(call).message, "")

class CApi : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_DONE(sheepop_open(TinyPath().c_str(), kOptions, &model)); }
  void TearDown() override { sheepop_model_free(model); }

  std::string Taken(char* given) {
    const std::string text = given;
    sheepop_free(given);
    return text;
  }

  std::string Pieces(sheepop_answer* answer) {
    std::string text;
    sheepop_piece piece{};
    for (sheepop_state state = SHEEPOP_WAITING;;) {
      EXPECT_EQ(Told(sheepop_next(answer, -1, &piece, &state)).message, "");
      if (state != SHEEPOP_PIECE) return text;
      EXPECT_EQ(std::string(piece.text).size(), piece.bytes);
      text += piece.text;
    }
  }

  sheepop_model* model = nullptr;
  int asked_ = 0;
};

TEST_F(CApi, WritesWhatTheLibraryWrites) {
  const SharedModel same =
      SharedModel::Open(TinyPath(), {.threads = 1, .context = 64, .engine = {{"kv_type", "bf16"}}});
  ModelAnswer alone = same.Complete(kOnce);
  std::string expected;
  for (AnswerPiece piece; alone.Next(piece);) expected += piece.text;
  sheepop_answer* answer = nullptr;
  ASSERT_DONE(sheepop_complete(model, kOnce, &answer));
  EXPECT_EQ(Pieces(answer), expected);
  char* whole = nullptr;
  ASSERT_DONE(sheepop_whole(answer, &whole));
  EXPECT_EQ(ParseJson(Taken(whole), "answer").at("choices").at(0).at("text").as_string(), expected);
  sheepop_answer_free(answer);
}

TEST_F(CApi, ThreadsShareAModel) {
  std::vector<std::string> texts(4);
  {
    std::vector<std::jthread> threads;
    for (std::string& text : texts) {
      threads.emplace_back([&] {
        sheepop_answer* answer = nullptr;
        EXPECT_EQ(Told(sheepop_complete(model, kOnce, &answer)).message, "");
        text = Pieces(answer);
        sheepop_answer_free(answer);
      });
    }
  }
  EXPECT_FALSE(texts[0].empty());
  EXPECT_EQ(texts, std::vector<std::string>(4, texts[0]));
}

TEST_F(CApi, AnAnswerOutlivesItsModelsHandle) {
  sheepop_answer* answer = nullptr;
  ASSERT_DONE(sheepop_chat(model, R"({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 8})", &answer));
  sheepop_model_free(std::exchange(model, nullptr));
  int descriptor = -1;
  ASSERT_DONE(sheepop_ready(answer, &descriptor));
  pollfd asked{descriptor, POLLIN, 0};
  EXPECT_EQ(poll(&asked, 1, 10'000), 1);
  sheepop_cancel(answer);
  char* whole = nullptr;
  ASSERT_DONE(sheepop_whole(answer, &whole));
  EXPECT_NE(Taken(whole).find("chat.completion"), std::string::npos);
  sheepop_answer_free(answer);
}

TEST_F(CApi, TokensScoresLogitsAndVectors) {
  int32_t* tokens = nullptr;
  size_t count = 0, bytes = 0, columns = 0;
  const std::string text("Once\0upon", 9);
  ASSERT_DONE(sheepop_tokenize(model, text.data(), text.size(), 0, &tokens, &count));
  char* back = nullptr;
  ASSERT_DONE(sheepop_detokenize(model, tokens, count, &back, &bytes));
  EXPECT_EQ(std::string(back, bytes), text);
  sheepop_free(back);
  double* logprobs = nullptr;
  size_t* ranks = nullptr;
  ASSERT_DONE(sheepop_score(model, tokens, count, 0, 0, nullptr, &logprobs, &ranks));
  float* logits = nullptr;
  ASSERT_DONE(sheepop_logits(model, tokens, count, nullptr, &logits, &columns));
  double sum = 0;
  for (size_t i = 0; i < columns; ++i) sum += std::exp(static_cast<double>(logits[i]));
  EXPECT_NEAR(static_cast<double>(logits[tokens[1]]) - std::log(sum), logprobs[0], 1e-4);
  sheepop_free(logprobs);
  sheepop_free(ranks);
  sheepop_free(logits);
  sheepop_free(tokens);
  const char* const texts[] = {"The sheep", "a wolf"};
  float* vectors = nullptr;
  ASSERT_DONE(sheepop_embed(model, texts, 2, SHEEPOP_LAST, nullptr, &vectors, &columns));
  for (size_t row = 0; row < 2; ++row) {
    double squares = 0;
    for (size_t i = 0; i < columns; ++i) squares += std::pow(static_cast<double>(vectors[row * columns + i]), 2);
    EXPECT_NEAR(squares, 1, 1e-5);
  }
  sheepop_free(vectors);
}

TEST_F(CApi, FactsOptionsAndExplanations) {
  char *facts = nullptr, *options = nullptr, *why = nullptr, *page = nullptr;
  ASSERT_DONE(sheepop_facts(model, &facts));
  EXPECT_EQ(ParseJson(Taken(facts), "facts").at("context").as_int64(), 64);
  ASSERT_DONE(sheepop_sampling_options(&options));
  EXPECT_NE(Taken(options).find("top_k"), std::string::npos);
  ASSERT_DONE(sheepop_explain(model, R"({"prompt": "Once", "max_tokens": 2})", nullptr, &why, &page));
  EXPECT_EQ(ParseJson(Taken(why), "report").at("steps").as_array().size(), 2);
  EXPECT_NE(Taken(page).find("<html"), std::string::npos);
  const sheepop_question question{[](void* asked) { return ++*static_cast<int*>(asked); }, &asked_};
  EXPECT_EQ(
      Told(sheepop_explain(model, R"({"prompt": "a", "max_tokens": 60, "min_tokens": 60})", &question, &why, &page))
          .category,
      SHEEPOP_INTERRUPTED);
  EXPECT_GT(asked_, 0);
}

TEST_F(CApi, RefusalsNameTheThing) {
  sheepop_answer* answer = nullptr;
  const Told bound(sheepop_complete(model, R"({"prompt": "a", "top_p": 2})", &answer));
  EXPECT_EQ(bound.category, SHEEPOP_INVALID_ARGUMENT);
  EXPECT_EQ(bound.message, "top_p is 2, must be 0 to 1");
  EXPECT_EQ(bound.field, "top_p");
  EXPECT_EQ(Told(sheepop_complete(model, nullptr, &answer)).message, "request is NULL");
  EXPECT_EQ(Told(sheepop_complete(nullptr, kOnce, &answer)).message, "model is NULL");
  EXPECT_EQ(Told(sheepop_complete(model, kOnce, nullptr)).message, "answer is NULL");
  EXPECT_EQ(answer, nullptr);
  sheepop_model* other = nullptr;
  const auto open = [&](const char* options) {
    return Told(sheepop_open(TinyPath().c_str(), options, &other)).message;
  };
  EXPECT_EQ(open(R"({"threads": -1})"), "threads is -1, must be a whole number, 0 to 1073741824");
  EXPECT_NE(open(R"({"kv_typ": "bf16"})").find("kv_typ"), std::string::npos);
  EXPECT_NE(open("{").find("options"), std::string::npos);
  EXPECT_EQ(Told(sheepop_open("/absent/model.gguf", nullptr, &other)).category, SHEEPOP_NOT_FOUND);
  EXPECT_EQ(other, nullptr);
  int32_t* tokens = nullptr;
  size_t count = 0;
  EXPECT_EQ(Told(sheepop_tokenize(model, "a", 1, 4, &tokens, &count)).message, "how is 4, must be 0 to 3");
  EXPECT_EQ(Told(sheepop_tokenize(model, nullptr, 1, 0, &tokens, &count)).message, "text is NULL");
  const int32_t outside = 1 << 30;
  char* text = nullptr;
  float* values = nullptr;
  EXPECT_NE(Told(sheepop_detokenize(model, &outside, 1, &text, &count)).message, "");
  EXPECT_NE(Told(sheepop_logits(model, &outside, 1, nullptr, &values, &count)).message, "");
  const char* const texts[] = {"a", nullptr};
  EXPECT_EQ(Told(sheepop_embed(model, texts, 2, SHEEPOP_MEAN, nullptr, &values, &count)).message, "texts[1] is NULL");
  const sheepop_question nobody{nullptr, nullptr};
  EXPECT_EQ(Told(sheepop_embed(model, texts, 1, SHEEPOP_MEAN, &nobody, &values, &count)).message,
            "question.stop is NULL");
  sheepop_piece piece{};
  sheepop_state state{};
  ASSERT_DONE(sheepop_complete(model, kOnce, &answer));
  EXPECT_EQ(Told(sheepop_next(answer, std::nan(""), &piece, &state)).category, SHEEPOP_INVALID_ARGUMENT);
  sheepop_answer_free(answer);
  EXPECT_EQ(values, nullptr);
}

TEST_F(CApi, NothingIsFreedTwiceByNull) {
  sheepop_free(nullptr);
  sheepop_error_free(nullptr);
  sheepop_answer_free(nullptr);
  sheepop_model_free(nullptr);
  sheepop_cancel(nullptr);
  EXPECT_EQ(sheepop_abi(), SHEEPOP_ABI);
  EXPECT_STRNE(sheepop_version(), "");
}

}  // namespace
}  // namespace sheepop
