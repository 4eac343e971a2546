#include "model/model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "model/test_support.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

struct Golden {
  std::vector<Token> ids;
  size_t vocab = 0;
  std::vector<float> logits;  // [ids, vocab]
};

std::string ReadFile(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

Golden ReadGolden(const std::string& name) {
  const auto folder = testing::SourcePath("tests/data/tiny") / name;
  const boost::json::value json = boost::json::parse(ReadFile(folder / "golden.json"));
  Golden golden;
  for (const auto& id : json.at("ids").as_array()) golden.ids.push_back(static_cast<Token>(id.as_int64()));
  golden.vocab = json.at("vocab").to_number<size_t>();
  const std::string bytes = ReadFile(folder / std::string(json.at("logits").as_string()));
  golden.logits.resize(bytes.size() / sizeof(float));
  std::memcpy(golden.logits.data(), bytes.data(), bytes.size());
  EXPECT_EQ(golden.logits.size(), golden.ids.size() * golden.vocab);
  return golden;
}

// How the rows of a text are handed to Forward.
struct Plan {
  Isa isa = AvailableIsas().back();
  size_t threads = 1;
  size_t chunk = 1000;
  size_t batch = 1;  // sequences of the same text, side by side
  bool reuse_prefix = false;
  size_t wanted_every = 1;  // of so many rows the last wants logits; the others' stay 0
  kernel::KvType kv = kernel::KvType::kF32;
};

// Logits of every position of the last sequence: [ids, vocab].
std::vector<float> LogitsOf(const std::filesystem::path& path, std::span<const Token> ids, const Plan& plan) {
  ThreadPool pool(plan.threads);
  const Checkpoint checkpoint = Checkpoint::Open(path);
  const auto model = Model::Load(checkpoint, {.context = ids.size(), .isa = plan.isa}, pool);
  const size_t vocab = model->config().vocab;
  const size_t rows = std::min(plan.chunk, ids.size()) * plan.batch;
  KvCache cache(KvShapeOf(model->config(), plan.kv), (ids.size() + 16) * (plan.batch + 1));
  Workspace work(model->config(), rows, rows, plan.threads, ids.size());
  std::vector<float> logits(ids.size() * vocab);
  const auto run = [&](std::span<const SequenceId> sequences, size_t begin) {
    for (size_t at = begin; at < ids.size(); at += plan.chunk) {
      const size_t count = std::min(plan.chunk, ids.size() - at);
      const auto wanted = [&](SequenceId sequence, size_t position) {
        return sequence == sequences.back() && (position + 1) % plan.wanted_every == 0;
      };
      std::vector<Row> batch;
      for (SequenceId sequence : sequences) {
        for (size_t i = 0; i < count; ++i) batch.push_back({sequence, ids[at + i], wanted(sequence, at + i)});
      }
      const LogitRows out = model->Forward(batch, cache, work, pool);
      size_t found = 0;
      for (size_t i = 0; i < count; ++i) {
        if (!wanted(sequences.back(), at + i)) continue;
        std::ranges::copy(out.logits(found++), logits.begin() + static_cast<long>((at + i) * vocab));
      }
      EXPECT_EQ(out.size(), found);
    }
  };
  std::vector<SequenceId> sequences;
  for (size_t i = 0; i < plan.batch; ++i) sequences.push_back(cache.Open());
  run(sequences, 0);
  if (plan.reuse_prefix) {
    const SequenceId again = cache.Open();
    const size_t reused = cache.Reuse(again, ids);
    EXPECT_EQ(reused, (ids.size() - 1) / 16 * 16);
    run({&again, 1}, reused);
  }
  return logits;
}

class TinyModel : public ::testing::TestWithParam<std::string> {};

// Logits of transformers in fp32, to 1e-4 of the largest logit.
void ExpectGolden(const Golden& golden, std::span<const float> logits) {
  float largest = 0;
  for (float value : golden.logits) largest = std::max(largest, std::fabs(value));
  for (size_t i = 0; i < logits.size(); ++i) {
    ASSERT_NEAR(logits[i], golden.logits[i], 1e-4f * largest)
        << "position " << i / golden.vocab << " id " << i % golden.vocab;
  }
}

// GGUF has no way to say that a model of these families has windows.
std::filesystem::path ModelPath(const std::string& name) {
  const auto folder = testing::SourcePath("tests/data/tiny") / name;
  return std::filesystem::exists(folder / "model.gguf") ? folder / "model.gguf" : folder;
}

TEST_P(TinyModel, GgufGivesTheLogitsOfTransformers) {
  const Golden golden = ReadGolden(GetParam());
  for (Isa isa : AvailableIsas()) ExpectGolden(golden, LogitsOf(ModelPath(GetParam()), golden.ids, {.isa = isa}));
}

TEST_P(TinyModel, HuggingFaceFolderGivesTheLogitsOfTransformers) {
  const Golden golden = ReadGolden(GetParam());
  ExpectGolden(golden, LogitsOf(testing::SourcePath("tests/data/tiny") / GetParam(), golden.ids, {}));
}

// One result: the bits do not depend on threads, chunks, other sequences or reused prefixes.
TEST_P(TinyModel, OneResult) {
  const Golden golden = ReadGolden(GetParam());
  const auto path = ModelPath(GetParam());
  const auto expect_same = [&](std::span<const float> expected, const Plan& plan) {
    const std::vector<float> logits = LogitsOf(path, golden.ids, plan);
    ASSERT_EQ(0, std::memcmp(logits.data(), expected.data(), logits.size() * sizeof(float)))
        << plan.threads << " threads, batch " << plan.batch << ", chunk " << plan.chunk << ", reuse "
        << plan.reuse_prefix;
  };
  const std::vector<float> expected = LogitsOf(path, golden.ids, {.kv = kernel::KvType::kF16});
  for (size_t threads : {1, 2, 3}) {
    for (size_t batch : {1, 5}) {
      for (size_t chunk : {1, 7, 32, 1000}) {
        for (bool reuse : {false, true}) {
          expect_same(
              expected,
              {.threads = threads, .chunk = chunk, .batch = batch, .reuse_prefix = reuse, .kv = kernel::KvType::kF16});
        }
      }
    }
  }
  for (kernel::KvType kv : {kernel::KvType::kF32, kernel::KvType::kBf16}) {
    expect_same(LogitsOf(path, golden.ids, {.kv = kv}),
                {.threads = 2, .chunk = 7, .batch = 5, .reuse_prefix = true, .kv = kv});
  }
}

// Rows that want no logits are left out of the last layer: the others keep their bits.
TEST_P(TinyModel, LogitsDoNotDependOnWhichRowsWantThem) {
  const Golden golden = ReadGolden(GetParam());
  const auto path = ModelPath(GetParam());
  const std::vector<float> expected = LogitsOf(path, golden.ids, {});
  for (size_t every : {2, 3, 11}) {
    for (size_t chunk : {1, 5, 1000}) {
      for (size_t batch : {1, 3}) {
        const std::vector<float> logits =
            LogitsOf(path, golden.ids, {.threads = 2, .chunk = chunk, .batch = batch, .wanted_every = every});
        for (size_t at = every - 1; at < golden.ids.size(); at += every) {
          ASSERT_EQ(0,
                    std::memcmp(&logits[at * golden.vocab], &expected[at * golden.vocab], golden.vocab * sizeof(float)))
              << "every " << every << ", chunk " << chunk << ", batch " << batch << ", position " << at;
        }
      }
    }
  }
}

// What was computed behind the place where a sequence is cut leaves nothing.
TEST_P(TinyModel, ATruncatedSequenceGoesOn) {
  const Golden golden = ReadGolden(GetParam());
  ThreadPool pool(2);
  const size_t count = golden.ids.size(), kept = 19;
  const auto model = Model::Load(Checkpoint::Open(ModelPath(GetParam())), {.context = count}, pool);
  KvCache cache(KvShapeOf(model->config(), kernel::KvType::kF32), 2 * count + 16);
  Workspace work(model->config(), count, count, 2, count);
  const SequenceId sequence = cache.Open();
  const auto run = [&](size_t begin, Token shift) {
    std::vector<Row> rows;
    for (size_t i = begin; i < count; ++i) {
      rows.push_back({sequence, static_cast<Token>((golden.ids[i] + shift) % static_cast<Token>(golden.vocab)), true});
    }
    return model->Forward(rows, cache, work, pool);
  };
  run(0, 0);
  cache.Truncate(sequence, kept);
  ASSERT_LE(cache.size(sequence), kept) << "a state is cut back to a snapshot";
  run(cache.size(sequence), 5);  // other tokens
  cache.Truncate(sequence, std::min(kept, cache.size(sequence)));
  const size_t begin = cache.size(sequence);
  const LogitRows out = run(begin, 0);
  const std::vector<float> expected = LogitsOf(ModelPath(GetParam()), golden.ids, {});
  for (size_t i = 0; i < out.size(); ++i) {
    ASSERT_EQ(0, std::memcmp(out.logits(i).data(), &expected[(begin + i) * golden.vocab], golden.vocab * sizeof(float)))
        << "position " << begin + i;
  }
}

INSTANTIATE_TEST_SUITE_P(Architectures, TinyModel, ::testing::ValuesIn(testing::TinyNames()),
                         [](const auto& test) { return test.param; });

// Quantised files give the same bits on every instruction set.
TEST(TinyQuantised, EveryInstructionSetGivesTheSameBits) {
  const Golden golden = ReadGolden("llama");
  for (const char* file : {"model-q8_0.gguf", "model-q4_0.gguf", "model-f16.gguf", "model-bf16.gguf", "model.gguf"}) {
    const auto path = testing::SourcePath("tests/data/tiny/llama") / file;
    const std::vector<float> expected = LogitsOf(path, golden.ids, {.isa = Isa::kReference});
    for (Isa isa : AvailableIsas()) {
      for (size_t chunk : {1, 3, 1000}) {
        const std::vector<float> logits = LogitsOf(path, golden.ids, {.isa = isa, .chunk = chunk});
        ASSERT_EQ(0, std::memcmp(logits.data(), expected.data(), logits.size() * sizeof(float)))
            << file << " " << Name(isa) << " chunk " << chunk;
      }
    }
  }
}

}  // namespace
}  // namespace sheepop
