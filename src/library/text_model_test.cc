#include <gtest/gtest.h>

#include <cmath>

#include "include/sheepop/sheepop.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

TextModel OpenTiny() { return TextModel::Open(testing::SourcePath("tests/data/tiny/llama/model-q8_0.gguf").string()); }

TEST(TextModel, WritesTheSameForTheSameSeed) {
  TextModel model = OpenTiny();
  std::string streamed;
  const GenerateOptions options{.max_tokens = 20, .stops = {}, .sampling = {{"top_k", "40"}}, .seed = 7};
  const Generation first = model.Generate("Once", options, [&](std::string_view piece) {
    streamed += piece;
    return true;
  });
  EXPECT_EQ(first.text, streamed);
  EXPECT_EQ(first.seed, 7u);
  EXPECT_EQ(model.Generate("Once", options).tokens, first.tokens);
}

TEST(TextModel, TheCallbackEndsTheText) {
  TextModel model = OpenTiny();
  int pieces = 0;
  const Generation out = model.Generate("Once", {.max_tokens = 100, .stops = {}, .sampling = {}, .seed = 1},
                                        [&](std::string_view) { return ++pieces < 3; });
  EXPECT_EQ(out.finish_reason, "interrupt");
  EXPECT_LT(out.tokens.size(), 100u);
}

TEST(TextModel, TokensAndScores) {
  TextModel model = OpenTiny();
  const std::vector<int32_t> tokens = model.Tokenize("The cat");
  EXPECT_EQ(model.Detokenize(tokens), "The cat");
  const ScoredText score = model.Score("The cat");
  ASSERT_EQ(score.logprobs.size() + 1, score.tokens.size());
  double sum = 0;
  for (double logprob : score.logprobs) sum -= logprob;
  EXPECT_NEAR(score.perplexity, std::exp(sum / static_cast<double>(score.logprobs.size())), 1e-9);
}

TEST(TextModel, ErrorsNameTheThing) {
  try {
    TextModel::Open("/absent/model.gguf");
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.category(), "not_found");
    EXPECT_NE(std::string(failure.what()).find("/absent/model.gguf"), std::string::npos);
  }
  TextModel model = OpenTiny();
  EXPECT_THROW(model.Generate("a", {.max_tokens = 1, .stops = {}, .sampling = {{"top_p", "2"}}, .seed = 1}), Failure);
  EXPECT_THROW(model.Generate("a", {.max_tokens = 1, .stops = {}, .sampling = {{"nonsense", "2"}}, .seed = 1}),
               Failure);
}

TEST(TextModel, EngineOptionsAreThoseOfTheTable) {
  const std::string path = testing::SourcePath("tests/data/tiny/llama/model.gguf").string();
  const auto refusal = [&](std::string name, std::string value) -> std::string {
    try {
      TextModel::Open(path, {.threads = 1, .context = 0, .engine = {{name, value}}});
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.category(), "invalid_argument");
      return failure.what();
    }
    return "";
  };
  EXPECT_EQ(refusal("kv_type", "bf16"), "");
  EXPECT_EQ(refusal("kv_type", "f64"), "kv_type is \"f64\", must be f32 or f16 or bf16, did you mean f32?");
  EXPECT_EQ(refusal("context", "0"), "context is 0, must be 1 to 16777216");
  EXPECT_EQ(refusal("kv_typ", "f32"), "there is no engine option \"kv_typ\", did you mean kv_type?");
}

}  // namespace
}  // namespace sheepop
