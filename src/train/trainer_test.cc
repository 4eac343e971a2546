#include "train/trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include "base/error.h"
#include "kernel/gemm.h"
#include "model/model.h"
#include "testing/paths.h"
#include "train/byte_vocabulary.h"
#include "train/memorisation.h"
#include "train/model_file.h"
#include "train/schedule.h"

namespace sheepop {
namespace {

// A text with structure to learn, of 40 short documents.
std::vector<std::string> Texts() {
  std::vector<std::string> texts;
  for (int i = 0; i < 40; ++i) {
    std::string text;
    for (int j = 0; j < 6 + i % 5; ++j) text += std::string(1, static_cast<char>('a' + (i + j) % 7)) + " sheep op. ";
    texts.push_back(text);
  }
  return texts;
}

struct Material {
  ByteVocabulary vocabulary{"abcdefgshp. o"};
  MemoryDocuments documents = Encode(Texts());
  MemoryDocuments held_out = Encode({"a sheep op. b sheep op. c sheep op. ", "d sheep op. e sheep op. "});

  MemoryDocuments Encode(const std::vector<std::string>& texts) const {
    std::vector<MemoryDocuments::Document> documents_of;
    uint64_t bytes = 0;
    for (const std::string& text : texts) {
      documents_of.push_back({vocabulary.Encode(text), {}});
      bytes += text.size();
    }
    return MemoryDocuments(std::move(documents_of), bytes);
  }
};

TrainRun RunOf(const Material& material, const std::string& style) {
  TrainRun run;
  run.options.style = style;
  run.options.layers = 2;
  run.options.hidden = 32;
  run.options.heads = 4;
  run.options.context = 24;
  run.options.batch = 4;
  run.options.accumulate = 2;
  run.options.steps = 24;
  run.options.warmup = 3;
  run.options.dropout = 0.1;
  run.options.learning_rate = 3e-3;
  run.options.min_learning_rate = 1e-4;
  run.options.eval_every = 8;
  run.options.checkpoint_every = 6;
  run.config = ModelConfigFor(run.options, material.vocabulary.size());
  run.documents = &material.documents;
  run.held_out = &material.held_out;
  run.end = material.vocabulary.end();
  run.vocabulary = material.vocabulary.ToMetadata();
  return run;
}

// A folder of the test's own, removed with it.
class Folder {
 public:
  explicit Folder(const std::string& name) : path_(std::filesystem::temp_directory_path() / ("sheepop-" + name)) {
    std::filesystem::remove_all(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::vector<float> WeightsOf(Trainer& trainer) {
  return {trainer.parameters().weights().begin(), trainer.parameters().weights().end()};
}

void ExpectSameBits(const std::vector<float>& a, const std::vector<float>& b) {
  ASSERT_EQ(a.size(), b.size());
  EXPECT_EQ(0, std::memcmp(a.data(), b.data(), a.size() * sizeof(float)));
}

class StopAfter : public TrainListener {
 public:
  explicit StopAfter(int64_t steps) : left_(steps) {}
  bool StopRequested() override { return --left_ == 0; }

 private:
  int64_t left_;
};

TEST(Trainer, LearnsAndGivesTheSameBitsForAnyThreadCount) {
  const Material material;
  for (const char* style : {"llama", "gpt2"}) {
    for (const char* optimizer : {"adamw", "muon"}) {
      TrainRun run = RunOf(material, style);
      run.options.optimizer = optimizer;
      TrainListener listener;
      std::vector<float> expected;
      for (size_t threads : {1, 2, 5}) {
        ThreadPool pool(threads);
        Trainer trainer(run, pool, listener);
        const double before = trainer.Measure(0).loss;
        EXPECT_EQ(trainer.Run(), TrainEnd::kDone);
        EXPECT_LT(trainer.Measure(0).loss, before - 0.3);
        if (expected.empty()) expected = WeightsOf(trainer);
        ExpectSameBits(WeightsOf(trainer), expected);
      }
    }
  }
}

TEST(Trainer, ResumesToTheSameBits) {
  const Material material;
  for (const char* style : {"llama", "gpt2"}) {
    const Folder folder("resume");
    TrainRun run = RunOf(material, style);
    TrainListener listener;
    ThreadPool pool(2);
    Trainer whole(run, pool, listener);
    whole.Run();
    run.folder = folder.path();
    for (int64_t sitting = 7;;) {
      StopAfter stop(sitting);
      Trainer trainer(run, pool, stop);
      if (const auto latest = Trainer::LatestCheckpoint(run.folder)) trainer.Resume(Checkpoint::Open(*latest));
      if (trainer.Run() == TrainEnd::kDone) {
        ExpectSameBits(WeightsOf(trainer), WeightsOf(whole));
        ASSERT_EQ(trainer.curve().steps.size(), whole.curve().steps.size());
        for (size_t i = 0; i < whole.curve().steps.size(); ++i) {
          EXPECT_EQ(trainer.curve().steps[i].loss, whole.curve().steps[i].loss);
        }
        break;
      }
    }
    std::set<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(run.folder))
      files.insert(entry.path().filename().string());
    EXPECT_EQ(files, (std::set<std::string>{"best.gguf", "checkpoint-0000000018.gguf", "checkpoint-0000000021.gguf",
                                            "checkpoint-0000000024.gguf", "loss.png", "loss.svg", "metrics.jsonl"}));
  }
}

TEST(Trainer, AResumedRunKeepsItsOptions) {
  const Material material;
  const Folder folder("options");
  TrainRun run = RunOf(material, "llama");
  run.folder = folder.path();
  run.options.steps = 2;
  TrainListener listener;
  ThreadPool pool(1);
  Trainer(run, pool, listener).Run();
  const Checkpoint checkpoint = Checkpoint::Open(*Trainer::LatestCheckpoint(run.folder));
  EXPECT_EQ(Trainer::OptionsOf(checkpoint), run.options);
  run.options.learning_rate = 0.1;
  Trainer other(run, pool, listener);
  EXPECT_THROW(other.Resume(checkpoint), Error);
  EXPECT_THROW(other.Resume(Checkpoint::Open(run.folder / "best.gguf")), Error);
}

std::string WhyNotResumed(const TrainRun& run) {
  TrainListener listener;
  ThreadPool pool(1);
  try {
    Trainer(run, pool, listener).ResumeLatest(run.folder);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Trainer, AResumedRunKeepsItsCorpusAndTokenizer) {
  const Material material;
  const Folder folder("source");
  TrainRun run = RunOf(material, "llama");
  run.folder = folder.path();
  run.options.steps = 2;
  TrainListener listener;
  ThreadPool pool(1);
  Trainer(run, pool, listener).Run();
  EXPECT_EQ(WhyNotResumed(run), "");
  std::vector<std::string> texts = Texts();
  texts[7][0] = 'h';
  const MemoryDocuments changed = material.Encode(texts);
  run.documents = &changed;
  EXPECT_NE(
      WhyNotResumed(run).find("another corpus (of 40 documents, this one has 40), and is finished after its 2 steps"),
      std::string::npos)
      << WhyNotResumed(run);
  run.documents = &material.documents;
  run.vocabulary = ByteVocabulary("abcdefgshp. x").ToMetadata();
  EXPECT_NE(WhyNotResumed(run).find("another tokenizer"), std::string::npos) << WhyNotResumed(run);
}

class Warnings : public TrainListener {
 public:
  void OnWarning(const Warning& warning) override { all.push_back(warning); }
  std::vector<Warning> all;
};

void FlipABit(const std::filesystem::path& path, uint64_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const int byte = file.get();
  file.seekp(static_cast<std::streamoff>(at));
  file.put(static_cast<char>(byte ^ 1));
}

// Wherever it is: in the weights, in the moments, in the record, in the digest itself.
TEST(Trainer, ADamagedCheckpointGivesWayToTheOneBefore) {
  const Material material;
  TrainRun run = RunOf(material, "llama");
  run.options.steps = 12;
  ThreadPool pool(1);
  for (const double share : {0.02, 0.3, 0.6, 0.9, 0.9999}) {
    const Folder folder("damaged");
    run.folder = folder.path();
    Warnings listener;
    Trainer(run, pool, listener).Run();
    const auto newest = folder.path() / "checkpoint-0000000012.gguf";
    FlipABit(newest, static_cast<uint64_t>(share * static_cast<double>(std::filesystem::file_size(newest) - 1)));
    {
      Trainer again(run, pool, listener);
      EXPECT_EQ(again.ResumeLatest(run.folder), folder.path() / "checkpoint-0000000006.gguf") << share;
      EXPECT_EQ(again.step(), 6);
    }
    ASSERT_EQ(listener.all.size(), 1U);
    EXPECT_EQ(listener.all[0].thing, newest.string());
    EXPECT_TRUE(std::filesystem::exists(newest.string() + ".damaged"));
    FlipABit(folder.path() / "checkpoint-0000000006.gguf", 100000);
    EXPECT_NE(WhyNotResumed(run).find("no checkpoint that can be read"), std::string::npos) << WhyNotResumed(run);
  }
}

// A checkpoint is also a model: what stands beside the weights is training's.
TEST(Trainer, ACheckpointCanBeRun) {
  const Material material;
  const Folder folder("run");
  TrainRun run = RunOf(material, "llama");
  run.folder = folder.path();
  run.options.steps = 1;
  TrainListener listener;
  ThreadPool pool(1);
  Trainer(run, pool, listener).Run();
  EXPECT_NO_THROW(Model::Load(Checkpoint::Open(*Trainer::LatestCheckpoint(run.folder)), {}, pool));
}

// Inference and training are two passes over one definition.
TEST(Trainer, WhatItWritesGivesTheSameLogitsInInference) {
  const Material material;
  for (const char* style : {"llama", "gpt2"}) {
    const Folder folder("inference");
    std::filesystem::create_directories(folder.path());
    TrainRun run = RunOf(material, style);
    run.options.precision = "fp32";
    TrainListener listener;
    ThreadPool pool(2);
    Trainer trainer(run, pool, listener);
    trainer.Run();
    const auto path = folder.path() / "model.gguf";
    trainer.WriteModel(path);
    Batch batch = Batch::Plain(1, 20);
    std::vector<Row> rows;
    const auto model = Model::Load(Checkpoint::Open(path), {}, pool);
    KvCache cache(KvShapeOf(model->config(), kernel::KvType::kF32), 64);
    const SequenceId sequence = cache.Open();
    for (size_t i = 0; i < 20; ++i) {
      batch.inputs[i] = static_cast<Token>(i * 5 % 14);
      rows.push_back({sequence, batch.inputs[i], true});
    }
    const std::vector<float> expected = trainer.network().Logits(batch);
    Workspace work(model->config(), 20, 20, 2, 64);
    const LogitRows logits = model->Forward(rows, cache, work, pool);
    for (size_t i = 0; i < 20; ++i) {
      for (size_t v = 0; v < run.config.vocab; ++v) {
        ASSERT_NEAR(logits.logits(i)[v], expected[i * run.config.vocab + v], 1e-4) << style << " " << i << " " << v;
      }
    }
    Trainer again(run, pool, listener);
    again.LoadWeights(Checkpoint::Open(path));
    ExpectSameBits(WeightsOf(again), WeightsOf(trainer));
  }
}

class Notices : public TrainListener {
 public:
  void OnNotice(const std::string& text) override { texts.push_back(text); }
  std::vector<std::string> texts;
};

TEST(Trainer, StopsOrSkipsWhenTheLossIsNoNumber) {
  const Material material;
  TrainRun run = RunOf(material, "llama");
  run.options.steps = 3;
  ThreadPool pool(1);
  Notices notices;
  for (const char* policy : {"stop", "skip"}) {
    run.options.on_spike = policy;
    Trainer trainer(run, pool, notices);
    trainer.parameters().weights()[5] = NAN;
    if (std::string(policy) == "stop") {
      EXPECT_THROW(trainer.Run(), Error);
      EXPECT_EQ(trainer.step(), 0);
    } else {
      const std::vector<float> before = WeightsOf(trainer);
      trainer.network().PackWeights();
      EXPECT_THROW(trainer.Run(), Error);  // nothing was learned
      ExpectSameBits(WeightsOf(trainer), before);
      EXPECT_EQ(notices.texts.size(), 3U);
      EXPECT_TRUE(trainer.curve().steps[0].skipped);
    }
  }
}

TEST(Trainer, StopsEarlyWithoutABetterMeasurement) {
  const Material material;
  TrainRun run = RunOf(material, "llama");
  run.options.learning_rate = run.options.min_learning_rate = 1e-30;
  run.options.eval_every = 1;
  run.options.patience = 3;
  ThreadPool pool(1);
  Notices notices;
  Trainer trainer(run, pool, notices);
  EXPECT_EQ(trainer.Run(), TrainEnd::kNoLongerBetter);
  EXPECT_EQ(trainer.step(), 4);
}

TEST(BatchSampler, AnEpochHoldsEachTokenOnceWhateverTheBatch) {
  const Material material;
  const SamplerOptions options{16, 9, material.vocabulary.end(), true, true};
  BatchSampler a(material.documents, options), b(material.documents, options);
  const uint64_t count = a.sequences_per_epoch();
  const Batch whole = a.Sequences(0, 2 * count);
  for (uint64_t i = 2 * count; i-- > 0;) {
    const Batch one = b.Sequences(i, 1);
    for (size_t j = 0; j < 16; ++j) {
      ASSERT_EQ(one.inputs[j], whole.inputs[i * 16 + j]);
      ASSERT_EQ(one.targets[j], whole.targets[i * 16 + j]);
      ASSERT_EQ(one.first[j], whole.first[i * 16 + j]);
      ASSERT_EQ(one.positions[j], j - one.first[j]);
    }
  }
  EXPECT_GE(count * 16 + 2 * 16, a.tokens());
  const Batch first = a.Sequences(0, 1), second = a.Sequences(count, 1);
  EXPECT_NE(first.inputs, second.inputs);
  EXPECT_THROW(BatchSampler(material.documents, {100000, 9, std::nullopt, true, true}), Error);
}

TEST(BatchSampler, UnshuffledCoversEveryTokenAndPadsWithoutTargets) {
  const MemoryDocuments documents({{{1, 2, 3}, {1, 0, 1}}, {{4, 5}, {}}}, 5);
  BatchSampler sampler(documents, {4, 1, 9, true, false});
  EXPECT_EQ(sampler.tokens(), 7U);
  ASSERT_EQ(sampler.sequences_per_epoch(), 2U);
  const Batch batch = sampler.Sequences(0, 2);
  EXPECT_EQ(batch.inputs, (std::vector<Token>{1, 2, 3, 9, 4, 5, 0, 0}));
  EXPECT_EQ(batch.targets, (std::vector<Token>{kNoTarget, 3, 9, kNoTarget, 5, 9, kNoTarget, kNoTarget}));
  // Padding stands apart, so that the first rows seen ascend.
  EXPECT_EQ(batch.first, (std::vector<uint32_t>{0, 0, 0, 0, 0, 0, 2, 2}));
  BatchSampler joined(documents, {4, 1, 9, false, false});
  EXPECT_EQ(joined.Sequences(0, 1).targets[3], 4);
}

TEST(BatchSampler, WholeDocumentsAreNeverCutAndPaddingIsNeverLearned) {
  std::vector<MemoryDocuments::Document> chats;
  Token next = 1;
  for (size_t size : {5, 3, 7, 2, 8, 4, 1, 6}) {
    MemoryDocuments::Document chat;
    for (size_t i = 0; i < size; ++i) {
      chat.tokens.push_back(next++);
      chat.learned.push_back(i >= size / 2);
    }
    chats.push_back(chat);
  }
  const MemoryDocuments documents(chats, 100);
  for (bool shuffle : {true, false}) {
    BatchSampler sampler(documents, {8, 3, Token{99}, false, shuffle, true});
    EXPECT_EQ(sampler.tokens(), 36U);
    const uint64_t count = sampler.sequences_per_epoch();
    const Batch batch = sampler.Sequences(0, count);
    std::set<Token> seen;
    size_t documents_seen = 0;
    for (size_t row = 0; row < batch.rows(); ++row) {
      const size_t in = row % 8;
      const Token token = batch.inputs[row];
      if (in > 0) {
        EXPECT_GE(batch.first[row], batch.first[row - 1]);
      }
      if (token == 0) {  // padding
        EXPECT_EQ(batch.targets[row], kNoTarget);
        continue;
      }
      seen.insert(token);
      documents_seen += batch.positions[row] == 0;
      EXPECT_EQ(batch.positions[row], in - batch.first[row]);
      if (batch.targets[row] != kNoTarget) {
        EXPECT_EQ(batch.targets[row], token + 1);
        EXPECT_EQ(batch.first[row + 1], batch.first[row]);
      }
    }
    EXPECT_EQ(seen.size(), 36U);
    EXPECT_EQ(documents_seen, 8U);
    // Of each, the later half, without the single token that nothing stands in front of.
    EXPECT_EQ(batch.trained(), 3U + 2 + 4 + 1 + 4 + 2 + 3);
  }
  EXPECT_THROW(BatchSampler(documents, {7, 3, std::nullopt, true, true, true}), Error);
}

TEST(Schedule, RisesThenFallsToItsFloor) {
  TrainOptions options;
  options.steps = 100;
  options.warmup = 10;
  options.learning_rate = 1e-3;
  options.min_learning_rate = 1e-4;
  for (const char* name : {"cosine", "linear", "wsd"}) {
    options.schedule = name;
    EXPECT_NEAR(ScheduleFactor(options, 0), 1.0 / 11, 1e-12);
    EXPECT_EQ(ScheduleFactor(options, 10), 1);
    EXPECT_NEAR(ScheduleFactor(options, 99), 0.1, 1e-12);
  }
  EXPECT_EQ(ScheduleFactor(options, 75), 1);
  options.schedule = "constant";
  EXPECT_EQ(ScheduleFactor(options, 99), 1);
}

TEST(Schedule, RatesFollowFromTheWidthUnlessGiven) {
  TrainOptions options;
  options.hidden = 512;
  options.heads = 8;
  const ModelConfig config = ModelConfigFor(options, 10);
  SetRates(config, false, options);
  EXPECT_NEAR(options.learning_rate, 1e-3, 1e-12);
  EXPECT_NEAR(options.min_learning_rate, 1e-4, 1e-12);
  TrainOptions continued;
  SetRates(config, true, continued);
  EXPECT_NEAR(continued.learning_rate, 2e-4, 1e-12);
  TrainOptions given;
  given.learning_rate = 3e-3;
  given.min_learning_rate = 1e-3;
  SetRates(config, true, given);
  EXPECT_EQ(given.learning_rate, 3e-3);
  EXPECT_EQ(given.min_learning_rate, 1e-3);
}

TEST(TrainOptions, AreReadAndBoundedByTheirTable) {
  TrainOptions options;
  kTrainTable.Set(options, "--layers", "3");
  kTrainTable.Set(options, "style", "gpt2");
  kTrainTable.Set(options, "tied_embeddings", "false");
  EXPECT_EQ(options.layers, 3);
  EXPECT_EQ(options.style, "gpt2");
  EXPECT_FALSE(options.tied_embeddings);
  for (const OptionRow& row : kTrainRows) {
    TrainOptions copy;
    kTrainTable.Set(copy, row, kTrainTable.Default(row));
    EXPECT_EQ(copy, TrainOptions{}) << row.name;
    EXPECT_FALSE(row.help.empty());
    EXPECT_THROW(kTrainTable.Set(copy, row, "no such value"), Error) << row.name;
  }
  EXPECT_THROW(kTrainTable.Set(options, "dropout", "0.95"), Error);
  EXPECT_THROW(kTrainTable.Named("drop_out"), Error);
  options.dropout = 5;
  EXPECT_THROW(Validate(options), Error);
  options = {};
  options.hidden = 100;
  options.heads = 8;
  EXPECT_THROW(ModelConfigFor(options, 10), Error);
}

TEST(Curve, PassesThroughMetadata) {
  Curve curve;
  curve.steps = {{1, 0.1, 2e-3, 1.5, 100, 0.25, false}, {2, NAN, 2e-3, 1.5, 200, 0.5, true}};
  curve.measurements = {{2, 1.25, 1.75}};
  Metadata metadata;
  curve.Save(metadata);
  const Curve again = Curve::Load(metadata);
  ASSERT_EQ(again.steps.size(), 2U);
  EXPECT_EQ(JsonLine(again.steps[1]), JsonLine(curve.steps[1]));
  EXPECT_EQ(
      JsonLine(again.steps[0]),
      "{\"step\": 1, \"loss\": 0.1, \"learning_rate\": 0.002, \"gradient_norm\": 1.5, \"tokens\": 100, \"seconds\": "
      "0.250000}\n");
  EXPECT_EQ(again.measurements[0].bits_per_byte, 1.75);
  const Plot plot = DrawLoss(curve, "a < b", std::vector<NamedCurve>{{"other", curve}});
  EXPECT_EQ(plot.Png().substr(0, 8), "\x89PNG\r\n\x1a\n");
  const std::string svg = plot.Svg();
  EXPECT_NE(svg.find("held-out loss of other"), std::string::npos);
  EXPECT_NE(svg.find("a &lt; b"), std::string::npos);
  EXPECT_NE(svg.find("</svg>"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

TEST(Memorisation, CountsStretchesThatStandInADocument) {
  const std::string text = "The quick brown fox jumps over the lazy dog and runs away into the dark wood.";
  const ByteVocabulary vocabulary(text + "hXY");
  const MemoryDocuments documents({{vocabulary.Encode("the dark"), {}}, {vocabulary.Encode(text), {}}},
                                  text.size() + 8);
  const auto share = [&](const std::string& sample, size_t length) {
    return VerbatimShare(vocabulary.Encode(sample), documents, length);
  };
  EXPECT_EQ(share("quick", 10), 0);
  EXPECT_EQ(share(text, 50), 1);
  EXPECT_NEAR(share("XXXXXjumps over the lazyYYYYY", 10), 19.0 / 29, 1e-9);
  EXPECT_EQ(share("jumps over the hazy dog", 16), 0);
  EXPECT_EQ(VerbatimLength(documents), 50U);
}

TEST(ByteVocabulary, NamesBytesAsGpt2Does) {
  const ByteVocabulary vocabulary("a \n\xc3");
  EXPECT_EQ(vocabulary.size(), 5U);
  EXPECT_EQ(vocabulary.Decode(vocabulary.Encode("a\n a")), "a\n a");
  EXPECT_THROW(vocabulary.Encode("b"), Error);
  EXPECT_EQ(*vocabulary.ToMetadata().Strings("tokenizer.ggml.tokens"),
            (std::vector<std::string>{"\u010a", "\u0120", "a", "\u00c3", "<|endoftext|>"}));
}

}  // namespace
}  // namespace sheepop
