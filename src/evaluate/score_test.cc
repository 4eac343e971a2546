#include "evaluate/score.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "base/error.h"
#include "generate/test_support.h"
#include "testing/temporary_folder.h"

namespace sheepop {
namespace {

using testing::SourcePath;

const std::shared_ptr<const Model>& Tiny() {
  static const auto model = testing::TinyModel("llama");
  return model;
}

// Some text of the tiny model's 288 tokens.
std::vector<Token> Text(size_t tokens) {
  std::vector<Token> ids(tokens);
  for (size_t i = 0; i < tokens; ++i) ids[i] = static_cast<Token>((7 + i * 37 + i * i * 11) % 288);
  return ids;
}

ScoreResult ScoreOf(const Model& model, std::span<const Token> ids, const ScoreOptions& options = {}) {
  ThreadPool pool(2);
  return Score(model, ids, options, pool);
}

// The logits after `before`, each token in a pass of its own.
std::vector<float> LogitsAfter(const Model& model, std::span<const Token> before) {
  ThreadPool pool(1);
  KvCache cache(KvShapeOf(model.config(), kernel::KvType::kF16), before.size());
  Workspace work(model.config(), 1, 1, 1, before.size());
  const SequenceId sequence = cache.Open();
  std::vector<float> out;
  for (const Token token : before) {
    const Row row{sequence, token, true};
    const LogitRows logits = model.Forward({&row, 1}, cache, work, pool);
    out.assign(logits.logits(0).begin(), logits.logits(0).end());
  }
  return out;
}

double LogProbability(std::span<const float> logits, Token token) {
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  return static_cast<double>(logits[static_cast<size_t>(token)]) - std::log(sum);
}

// Expects what the model gives each token after the tokens from `begin(position)` on.
template <typename Begin>
void ExpectScores(const ScoreResult& result, std::span<const Token> ids, const Begin& begin) {
  ASSERT_EQ(result.tokens.size(), ids.size() - 1);
  double nll = 0;
  for (size_t at = 1; at < ids.size(); ++at) {
    const ScoredToken& scored = result.tokens[at - 1];
    const std::vector<float> logits = LogitsAfter(*Tiny(), ids.subspan(begin(at), at - begin(at)));
    EXPECT_EQ(scored.id, ids[at]);
    EXPECT_NEAR(scored.logprob, LogProbability(logits, ids[at]), 1e-5) << "token " << at;
    const float own = logits[static_cast<size_t>(ids[at])];
    EXPECT_EQ(scored.rank, static_cast<size_t>(std::ranges::count_if(logits, [&](float x) { return x > own; })));
    nll -= scored.logprob;
  }
  EXPECT_NEAR(result.nll, nll, 1e-9);
  EXPECT_NEAR(result.perplexity(), std::exp(nll / static_cast<double>(ids.size() - 1)), 1e-6);
}

TEST(Score, EachTokenHasItsProbabilityAfterAllBefore) {
  const std::vector<Token> ids = Text(30);
  ExpectScores(ScoreOf(*Tiny(), ids), ids, [](size_t) { return size_t{0}; });
}

TEST(Score, LongTextsAreSeenThroughWindows) {
  const std::vector<Token> ids = Text(23);
  // Windows end at 8, 11, 14, ..., 23 and hold 8 tokens.
  const auto begin = [](size_t at) { return at < 8 ? 0 : (at - 8) / 3 * 3 + 11 - 8; };
  ExpectScores(ScoreOf(*Tiny(), ids, {.context = 8, .stride = 3}), ids, begin);
}

TEST(Score, TheLastWindowEndsWithTheText) {
  const std::vector<Token> ids = Text(12);
  const auto begin = [](size_t at) { return at < 8 ? 0 : at < 11 ? 3 : 4; };
  ExpectScores(ScoreOf(*Tiny(), ids, {.context = 8, .stride = 3}), ids, begin);
}

TEST(Score, TheStrideIsHalfTheContextWhereNoneIsGiven) {
  const std::vector<Token> ids = Text(20);
  const ScoreResult expected = ScoreOf(*Tiny(), ids, {.context = 6, .stride = 3});
  const ScoreResult got = ScoreOf(*Tiny(), ids, {.context = 6});
  EXPECT_EQ(got.nll, expected.nll);
  EXPECT_NE(got.nll, ScoreOf(*Tiny(), ids, {.context = 6, .stride = 2}).nll);
}

// More tokens than one pass has rows: what was scored grows from pass to pass.
TEST(Score, ProgressCountsTheTokensThatAreDone) {
  const std::vector<Token> ids = Text(150);
  ThreadPool pool(1);
  std::vector<size_t> told;
  const ScoreResult result = Score(*Tiny(), ids, {}, pool, [&](size_t done) { told.push_back(done); });
  EXPECT_EQ(result.tokens.size(), 149U);
  EXPECT_EQ(told, (std::vector<size_t>{64, 128, 149}));
}

TEST(Score, ATextMayBeLongerThanTheModelsContext) {
  const std::vector<Token> ids = Text(300);
  ASSERT_EQ(Tiny()->config().context, 256U);
  const ScoreResult result = ScoreOf(*Tiny(), ids);
  EXPECT_EQ(result.tokens.size(), 299U);
  EXPECT_EQ(result.nll, ScoreOf(*Tiny(), ids, {.context = 256, .stride = 128}).nll);
}

// Two tokens with the same row in the embedding table, which is the output too, have the same logit.
TEST(Score, OfEqualTokensTheFirstHasTheBetterRank) {
  const auto path = SourcePath("tests/data/tiny/llama/model.gguf");
  std::string bytes = testing::ReadFile(path);
  {
    const Checkpoint checkpoint = Checkpoint::Open(path);
    const TensorInfo& table = *checkpoint.tensors().Find("token_embd.weight");
    const size_t row = table.bytes.size() / table.shape[0];
    const auto text_of = [&](size_t token) {
      return std::string(reinterpret_cast<const char*>(table.bytes.data()) + token * row, row);
    };
    bytes.replace(bytes.find(text_of(9)), row, text_of(5));
  }
  const testing::TemporaryFolder folder;
  testing::WriteFile(folder / "twins.gguf", bytes);
  ThreadPool pool(1);
  const auto twins = Model::Load(Checkpoint::Open(folder / "twins.gguf"), {}, pool);
  std::vector<Token> ids = {3, 4, 5};
  const ScoredToken first = ScoreOf(*twins, ids).tokens.back();
  ids.back() = 9;
  const ScoredToken second = ScoreOf(*twins, ids).tokens.back();
  EXPECT_EQ(first.logprob, second.logprob);
  EXPECT_EQ(first.rank + 1, second.rank);
}

TEST(Score, WhatCannotBeScoredIsRefused) {
  const auto refused = [](std::vector<Token> ids, const ScoreOptions& options, std::string_view words) {
    try {
      ScoreOf(*Tiny(), ids, options);
      ADD_FAILURE() << words;
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), ErrorCategory::kInvalidArgument);
      EXPECT_NE(std::string_view(error.what()).find(words), std::string_view::npos) << error.what();
    }
  };
  refused({}, {}, "the text has 0 tokens");
  refused({5}, {}, "the text has 1 tokens, scoring needs at least 2");
  refused(Text(9), {.context = 1}, "context is 1, scoring needs at least 2");
  refused(Text(9), {.context = 4, .stride = 4}, "stride is 4, it must be below the context of 4");
  refused({5, 288}, {}, "token 288 is outside the vocabulary of 288");
  refused({5, -1}, {}, "token -1 is outside the vocabulary of 288");
  // A stride that is never used does not matter.
  EXPECT_EQ(ScoreOf(*Tiny(), Text(4), {.context = 4, .stride = 4}).tokens.size(), 3U);
}

}  // namespace
}  // namespace sheepop
