#include "generate/beam_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "generate/test_support.h"

namespace sheepop {
namespace {

class BeamWriterTest : public ::testing::Test {
 protected:
  std::vector<Hypothesis> Write(const BeamOptions& beams, size_t max_tokens, EngineOptions options = {},
                                std::function<bool()> go_on = {}) {
    return WriteBeams(*model_, vocabulary_, {{5, 9, 2}, beams, max_tokens, std::move(go_on)}, options, pool_);
  }

  // ln of what the model gives the tokens behind the prompt, each in a pass of its own.
  double LogProbability(std::span<const Token> tokens, bool ended) {
    std::vector<Token> text = {5, 9, 2};
    text.insert(text.end(), tokens.begin(), tokens.end());
    if (ended) text.push_back(kEnd);
    KvCache cache(KvShapeOf(model_->config(), kernel::KvType::kF16), 64);
    Workspace work(model_->config(), 1, 1, 1, 64);
    const SequenceId id = cache.Open();
    double sum = 0;
    for (size_t at = 0; at + 1 < text.size(); ++at) {
      const Row row{id, text[at], true};
      const LogitRows logits = model_->Forward({&row, 1}, cache, work, pool_);
      if (at >= 2) sum += logits.logits(0)[static_cast<size_t>(text[at + 1])] - model_->LogSumExp(logits.logits(0));
    }
    return sum;
  }

  static constexpr Token kEnd = 40;
  ThreadPool pool_{1};
  std::shared_ptr<const Model> model_ = testing::TinyModel("gpt2");
  testing::ListVocabulary vocabulary_{model_->config().vocab, {kEnd}};
};

TEST_F(BeamWriterTest, ScoresAreTheModelsAndTheBestComeFirst) {
  const std::vector<Hypothesis> texts = Write({.width = 5, .n_best = 5}, 8);
  ASSERT_EQ(texts.size(), 5u);
  for (size_t i = 0; i < texts.size(); ++i) {
    const Hypothesis& text = texts[i];
    EXPECT_NEAR(text.log_probability, LogProbability(text.tokens, text.ended), 1e-3);
    EXPECT_NEAR(text.score, text.log_probability / static_cast<double>(text.tokens.size() + text.ended), 1e-9);
    if (i) {
      EXPECT_GE(texts[i - 1].score, text.score);
    }
  }
}

// As many beams as there are tokens miss no text of two.
TEST_F(BeamWriterTest, WideEnoughItFindsTheBestOfAll) {
  const auto log_probabilities = [&](std::vector<Token> text) {
    KvCache cache(KvShapeOf(model_->config(), kernel::KvType::kF16), 16);
    Workspace work(model_->config(), 1, 1, 1, 16);
    const SequenceId id = cache.Open();
    std::vector<double> out;
    for (const Token token : text) {
      const Row row{id, token, true};
      const std::span<const float> logits = model_->Forward({&row, 1}, cache, work, pool_).logits(0);
      out.clear();
      for (const float logit : logits) out.push_back(logit - model_->LogSumExp(logits));
    }
    return out;
  };
  const std::vector<double> first = log_probabilities({5, 9, 2});
  double best = first[kEnd];
  std::vector<Token> text;
  for (Token a = 0; a < static_cast<Token>(first.size()); ++a) {
    if (a == kEnd) continue;
    const std::vector<double> second = log_probabilities({5, 9, 2, a});
    const auto b = std::ranges::max_element(second);
    if (first[static_cast<size_t>(a)] + *b <= best) continue;
    best = first[static_cast<size_t>(a)] + *b;
    text = {a, static_cast<Token>(b - second.begin())};
  }
  if (!text.empty() && text.back() == kEnd) text.pop_back();
  const std::vector<Hypothesis> found = Write({.width = first.size(), .length_penalty = 0}, 2);
  EXPECT_EQ(found[0].tokens, text);
  EXPECT_NEAR(found[0].log_probability, best, 1e-3);
  EXPECT_GT(Write({.width = first.size(), .n_best = 100, .length_penalty = 0}, 2).size(), 99u);
}

TEST_F(BeamWriterTest, TheBestTextsAreTheSameHoweverManyAreWantedAndInWhateverChunks) {
  for (size_t width : {1, 4, 6}) {
    const std::vector<Hypothesis> all = Write({.width = width, .n_best = width}, 10);
    for (size_t n = 1; n <= width; ++n) {
      const std::vector<Hypothesis> found = Write({.width = width, .n_best = n}, 10, {.prefill_chunk = n});
      ASSERT_EQ(found.size(), std::min(n, all.size()));
      for (size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i].tokens, all[i].tokens);
        EXPECT_EQ(found[i].log_probability, all[i].log_probability);
      }
    }
  }
}

TEST_F(BeamWriterTest, EndsAtTheLimitTheContextOrWhenTold) {
  EXPECT_EQ(Write({}, 0).at(0).tokens.size(), 0u);
  for (const Hypothesis& text : Write({.width = 3, .n_best = 3}, 4)) EXPECT_LE(text.tokens.size(), 4u);
  for (const Hypothesis& text : Write({.width = 3, .n_best = 3}, SIZE_MAX, {.context = 8})) {
    EXPECT_LE(text.tokens.size(), 6u) << "the last token needs no position";
  }
  EXPECT_EQ(Write({.width = 3, .length_penalty = 9}, SIZE_MAX, {.context = 8})[0].tokens.size(), 6u);
  int steps = 0;
  for (const Hypothesis& text : Write({.width = 3, .n_best = 3}, 20, {}, [&] { return ++steps < 3; })) {
    EXPECT_LE(text.tokens.size(), 2u);
  }
}

// Of each beam the last positions lie in a block that the others do not share.
TEST_F(BeamWriterTest, EveryBeamHasRoomForItsLongestText) {
  for (const size_t max_tokens : {13, 14, 15, 29, 30, 45}) {
    for (const size_t width : {2, 7}) {
      const std::vector<Hypothesis> texts =
          Write({.width = width, .n_best = width, .length_penalty = 4}, max_tokens, {.context = 3 + max_tokens});
      ASSERT_EQ(texts.size(), width);
      EXPECT_EQ(texts[0].tokens.size() + texts[0].ended, max_tokens);
    }
  }
}

TEST_F(BeamWriterTest, RefusesWhatTheEngineRefuses) {
  const auto write = [&](std::vector<Token> prompt, size_t context) {
    WriteBeams(*model_, vocabulary_, {std::move(prompt), {}, 4, {}}, {.context = context}, pool_);
  };
  const auto why_not = [&](std::vector<Token> prompt) -> std::string {
    try {
      write(std::move(prompt), 8);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(why_not({}), "the prompt has no tokens; give it at least one character");
  EXPECT_EQ(why_not({-1}), "prompt token -1 is outside the vocabulary, whose ids are 0 to 111");
  EXPECT_EQ(why_not({112}), "prompt token 112 is outside the vocabulary, whose ids are 0 to 111");
  EXPECT_EQ(why_not(std::vector<Token>(8, 1)),
            "the prompt has 8 tokens, the context holds 8 with the answer; shorten it or use a larger --context");
  EXPECT_NO_THROW(write({0}, 8));
  EXPECT_NO_THROW(write(std::vector<Token>(7, 1), 8));
}

}  // namespace
}  // namespace sheepop
