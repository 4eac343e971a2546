#include "explain/replay.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "generate/engine.h"
#include "sample/chain.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

class Replayed : public ::testing::Test {
 protected:
  // What the model writes, recorded.
  Capsule Record(size_t sequences) {
    Capsule capsule;
    capsule.build = ThisBuild();
    capsule.isa = Name(loaded_.model->isa());
    capsule.model_sha256 = ModelSha256(loaded_.path);
    capsule.tokenizer_sha256 = TokenizerSha256(*loaded_.tokenizer);
    capsule.seed = 11;
    capsule.prompt = {1, 5, 9};
    struct Nothing final : Listener {
      Next OnToken(const Choice&, std::span<const float>) override { return Next::kContinue; }
      void OnFinish(const Finish&) override {}
    } nothing;
    std::vector<CapsuleRecorder> recorders(sequences, CapsuleRecorder(nothing));
    std::vector<Listener*> listeners;
    for (CapsuleRecorder& recorder : recorders) listeners.push_back(&recorder);
    Request request;
    request.prompt = capsule.prompt;
    request.seed = capsule.seed;
    request.max_tokens = 5;
    request.chain =
        std::make_shared<const Chain>(Chain::Build(capsule.sampling, *loaded_.vocabulary, loaded_.model->isa()));
    EngineOptions options;
    options.sequences = sequences;
    Engine engine(loaded_.model, options, pool_);
    engine.Submit(std::move(request), listeners);
    while (engine.Step()) {
    }
    for (const CapsuleRecorder& recorder : recorders) capsule.sequences.push_back(recorder.sequence());
    return capsule;
  }

  ThreadPool pool_{1};
  LoadedModel loaded_ = LoadedModel::Open(testing::SourcePath("tests/data/tiny/llama/model.gguf"), {}, pool_);
};

TEST_F(Replayed, IsTheSameBitForBit) {
  const Capsule capsule = Record(3);
  const ReplayVerdict verdict = ReplayCapsule(capsule, loaded_, pool_);
  EXPECT_TRUE(verdict.same());
  EXPECT_EQ(verdict.steps, 15u);
}

TEST_F(Replayed, NamesTheEarliestDifference) {
  Capsule capsule = Record(2);
  capsule.sequences[0].digests[3] = "0000000000000000";
  capsule.sequences[1].ids[1] ^= 1;
  const ReplayVerdict verdict = ReplayCapsule(capsule, loaded_, pool_);
  EXPECT_FALSE(verdict.same());
  ASSERT_TRUE(verdict.difference);
  EXPECT_EQ(verdict.difference->sequence, 1u);
  EXPECT_EQ(verdict.difference->step, 1u);
  EXPECT_EQ(verdict.difference->recorded, capsule.sequences[1].ids[1]);
  EXPECT_EQ(verdict.difference->found, capsule.sequences[1].ids[1] ^ 1);
}

TEST_F(Replayed, AnotherModelOrTokenizerIsNotTheSame) {
  Capsule capsule = Record(1);
  capsule.model_sha256[0] = capsule.model_sha256[0] == 'a' ? 'b' : 'a';
  EXPECT_FALSE(ReplayCapsule(capsule, loaded_, pool_).same_model);
  capsule = Record(1);
  capsule.tokenizer_sha256[0] = capsule.tokenizer_sha256[0] == 'a' ? 'b' : 'a';
  EXPECT_FALSE(ReplayCapsule(capsule, loaded_, pool_).same_tokenizer);
}

TEST_F(Replayed, ACapsuleThatIsLongerThanTheContextIsRefused) {
  Capsule capsule = Record(1);
  capsule.engine.context = capsule.prompt.size() + 3;
  try {
    ReplayCapsule(capsule, loaded_, pool_);
    FAIL() << "it was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), ErrorCategory::kLimit);
  }
}

TEST_F(Replayed, CanBeInterrupted) {
  try {
    ReplayCapsule(Record(1), loaded_, pool_, [] { return true; });
    FAIL() << "it went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), ErrorCategory::kInterrupted);
  }
}

}  // namespace
}  // namespace sheepop
