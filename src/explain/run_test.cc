#include "explain/run.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "explain/test_vocabulary.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

GivenLogits Given(std::vector<float> logits) {
  GivenLogits given;
  given.logits = std::move(logits);
  return given;
}

Explanation RunLogits(GivenLogits given, ExplainSettings settings = {}) {
  return MakeLogitsSource(std::move(given))->Run(settings);
}

ErrorCategory Refusal(GivenLogits given) {
  try {
    MakeLogitsSource(std::move(given));
  } catch (const Error& error) {
    return error.category();
  }
  ADD_FAILURE() << "it was taken";
  return ErrorCategory::kIo;
}

TEST(ExplainLogits, DrawsByTheGivenNumber) {
  for (const auto& [u, token] : {std::pair(0.0, 0), {0.6, 0}, {0.7, 1}, {0.9, 1}, {0.95, 2}}) {
    GivenLogits given = Given({2, 1, 0});
    given.labels = {"red", "green", "blue"};
    given.u = u;
    ExplainSettings settings;
    settings.sampling.top_k = 0;
    settings.sampling.top_p = 1;
    const Explanation run = RunLogits(given, settings);
    ASSERT_EQ(run.steps.size(), 1u);
    EXPECT_EQ(run.steps[0].chosen.token, token) << u;
    EXPECT_EQ(run.text, given.labels[static_cast<size_t>(token)]);
    EXPECT_EQ(run.steps[0].u, u);
    EXPECT_LE(run.steps[0].low, u);
    EXPECT_GT(run.steps[0].high, u);
  }
}

TEST(ExplainLogits, ThePromptIsNoCandidate) {
  GivenLogits given = Given({0, 0});
  given.prompt = "once";
  given.u = 0.99;
  const Explanation run = RunLogits(given);
  EXPECT_EQ(run.steps.at(0).entry.kept, 2u);
  EXPECT_EQ(run.text, "1");
}

TEST(ExplainLogits, WhatDoesNotFitIsRefused) {
  EXPECT_EQ(Refusal(Given({})), ErrorCategory::kInvalidArgument);
  GivenLogits labelled = Given({1, 2});
  labelled.labels = {"a"};
  EXPECT_EQ(Refusal(labelled), ErrorCategory::kInvalidArgument);
  for (const Token token : {2, -1}) {
    GivenLogits seen = Given({1, 2});
    seen.history = {token};
    EXPECT_EQ(Refusal(seen), ErrorCategory::kInvalidArgument) << token;
  }
  for (const double u : {1.0, -0.1}) {
    GivenLogits drawn = Given({1, 2});
    drawn.u = u;
    EXPECT_EQ(Refusal(drawn), ErrorCategory::kInvalidArgument) << u;
  }
}

TEST(ExplainWatched, ATextIsAlsoThatAfterASpaceAndTheSpacedOneComesFirst) {
  const TestVocabulary vocabulary({"cat", " cat", "dog", "7"});
  const std::vector<std::string> names = {"cat", "dog", "1", "\"7\""};
  EXPECT_EQ(ResolveWatched(names, vocabulary), (std::vector<Token>{1, 0, 2, 3}));
}

TEST(ExplainWatched, AnUnknownOneIsRefused) {
  const TestVocabulary vocabulary({"cat"});
  for (const std::string& name : {std::string("cow"), std::string("1"), std::string("-1")}) {
    EXPECT_THROW(ResolveWatched({&name, 1}, vocabulary), Error) << name;
  }
}

class ExplainModel : public ::testing::Test {
 protected:
  ThreadPool pool_{1};
  LoadedModel loaded_ = LoadedModel::Open(testing::SourcePath("tests/data/tiny/llama/model.gguf"), {}, pool_);
  std::vector<Token> prompt_ = {1, 5, 9};
};

TEST_F(ExplainModel, RecordsWhatTheChainDrewFromWhichLogits) {
  ExplainSettings settings;
  settings.seed = 3;
  std::vector<Token> drawn;
  size_t rows = 0;
  settings.on_step = [&](std::span<const float> logits, const Choice& choice) {
    rows += logits.size() >= loaded_.vocabulary->size();
    drawn.push_back(choice.token);
  };
  const auto source = MakeModelSource(loaded_, prompt_, {}, 6, pool_);
  const Explanation run = source->Run(settings);
  ASSERT_EQ(run.steps.size(), drawn.size());
  EXPECT_EQ(rows, drawn.size());
  for (size_t i = 0; i < drawn.size(); ++i) {
    EXPECT_EQ(run.steps[i].chosen.token, drawn[i]);
    EXPECT_EQ(run.steps[i].position, prompt_.size() + i);
  }
  // The second time the prompt comes from the cache, and nothing is different.
  const Explanation again = source->Run(settings);
  EXPECT_EQ(again.text, run.text);
}

TEST_F(ExplainModel, InterruptedItGivesWhatThereIs) {
  ExplainSettings settings;
  size_t asked = 0;
  settings.interrupted = [&] { return ++asked == 3; };
  settings.sampling.banned = {};
  const Explanation run = MakeModelSource(loaded_, prompt_, {}, 100, pool_)->Run(settings);
  EXPECT_LE(run.steps.size(), 3u);
  EXPECT_EQ(run.finish_reason, FinishReason::kInterrupt);
}

}  // namespace
}  // namespace sheepop
