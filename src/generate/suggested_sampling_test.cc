#include "generate/suggested_sampling.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "base/error.h"
#include "checkpoint/gguf_writer.h"
#include "testing/paths.h"
#include "testing/temporary_folder.h"

namespace sheepop {
namespace {

namespace fs = std::filesystem;
using Type = Metadata::GgufType;

constexpr size_t kVocab = 288;

class Suggested : public ::testing::Test {
 protected:
  // The tiny model with other metadata; what it says of drawing is read without its weights.
  SuggestedSampling OfGguf(const std::function<void(Metadata&)>& change, std::string_view name = "", bool chat = true) {
    Metadata metadata = GgufFile::Open(testing::SourcePath("tests/data/tiny/llama/model.gguf")).metadata();
    change(metadata);
    GgufWriter writer(folder_ / "m.gguf", metadata, {});
    writer.Commit();
    return SuggestedSamplingOf(Checkpoint::Open(folder_ / "m.gguf"), name, chat, kVocab);
  }

  SuggestedSampling OfFolder(std::string_view generation_config, std::string_view name = "") {
    const fs::path model = folder_ / "model";
    if (!fs::exists(model)) fs::copy(testing::SourcePath("tests/data/tiny/llama"), model);
    std::ofstream(model / "generation_config.json") << generation_config;
    return SuggestedSamplingOf(Checkpoint::Open(model), name, true, kVocab);
  }

  // Each as "flag value".
  static std::vector<std::string> Flags(const SuggestedSampling& suggested) {
    std::vector<std::string> flags;
    for (const auto& [row, value] : suggested.options) flags.push_back(std::string(row->flag) + " " + value);
    return flags;
  }

  testing::TemporaryFolder folder_;
};

using Texts = std::vector<std::string>;

TEST_F(Suggested, AFolderSaysItInGenerationConfig) {
  const SuggestedSampling suggested = OfFolder(
      R"({"temperature": 0.6, "top_k": 20, "top_p": 0.95, "min_p": null, "repetition_penalty": 1.1, "do_sample": true})");
  EXPECT_EQ(Flags(suggested), Texts({"--temperature 0.6", "--top-k 20", "--top-p 0.95", "--repeat-penalty 1.1"}));
  EXPECT_EQ(suggested.source, (folder_ / "model/generation_config.json").string());
  SamplingOptions options;
  suggested.Apply(options);
  EXPECT_EQ(options.temperature, 0.6);
  EXPECT_EQ(options.top_k, 20);
  EXPECT_EQ(options.min_p, SamplingOptions().min_p);
  EXPECT_TRUE(OfFolder(R"({"temperature": 0.6, "do_sample": false})").empty()) << "it asks for the best token";
  EXPECT_TRUE(OfFolder(R"({"eos_token_id": 2})").empty());
}

TEST_F(Suggested, AGgufFileSaysItInItsMetadata) {
  const SuggestedSampling suggested = OfGguf([](Metadata& metadata) {
    metadata.Set("general.sampling.temp", Type::kFloat32, static_cast<double>(0.6F));
    metadata.Set("general.sampling.top_k", Type::kInt32, int64_t{-1});
    metadata.Set("general.sampling.penalty_last_n", Type::kInt32, int64_t{-1});
    metadata.Set("general.sampling.xtc_probability", Type::kFloat64, 0.1);
    metadata.Set("general.sampling.mirostat", Type::kInt32, int64_t{2});
    metadata.Set("general.sampling.sequence", Type::kString, "penalties;top-k;typ_p;infill;temperature");
  });
  EXPECT_EQ(Flags(suggested),
            Texts({"--temperature 0.6", "--top-k 0", "--repeat-last-n -1", "--xtc-probability 0.1", "--mirostat 2",
                   "--samplers repetition;frequency;presence;top_k;typical_p;temperature"}));
  ASSERT_EQ(suggested.warnings.size(), 1U);
  EXPECT_EQ(suggested.warnings[0].value, "infill");
  SamplingOptions options;
  suggested.Apply(options);
  Validate(options);
  EXPECT_EQ(options.samplers.size(), 6U);
}

TEST_F(Suggested, WhatIsNoNumberIsRefusedByName) {
  EXPECT_THROW(OfFolder(R"({"temperature": "warm"})"), Error);
  EXPECT_THROW(OfGguf([](Metadata& metadata) { metadata.Set("general.sampling.temp", Type::kString, "warm"); }), Error);
  const SuggestedSampling hot = OfFolder(R"({"top_p": 7})");
  SamplingOptions options;
  try {
    hot.Apply(options);
    FAIL();
  } catch (const Error& error) {
    const std::string message = error.what();
    for (const char* word : {"top_p", "generation_config.json", "7", "0 to 1"}) {
      EXPECT_NE(message.find(word), std::string::npos) << message;
    }
  }
}

// transformers bans them in every draw, that of the best token too.
TEST_F(Suggested, TokensThatAreNeverDrawn) {
  const SuggestedSampling suggested =
      OfFolder(R"({"temperature": 0.6, "do_sample": false, "suppress_tokens": [7, 5, 288, 7, 5000000]})");
  EXPECT_EQ(Flags(suggested), Texts({"--ban 5", "--ban 7"}));
  ASSERT_EQ(suggested.warnings.size(), 1U) << "two are no tokens of this model";
  EXPECT_EQ(suggested.warnings[0].thing, "suppress_tokens");
  EXPECT_EQ(suggested.warnings[0].value, "288");
  SamplingOptions options;
  suggested.Apply(options);
  EXPECT_EQ(options.banned, (std::vector<TokenName>{Token{5}, Token{7}}));
  SamplingOptions given;
  suggested.Apply(given, [](const OptionRow& row) { return row.name == "banned"; });
  EXPECT_TRUE(given.banned.empty());
  EXPECT_TRUE(OfFolder(R"({"suppress_tokens": null})").empty());
  EXPECT_THROW(OfFolder(R"({"suppress_tokens": ["<image>"]})"), Error);
  const SuggestedSampling converted = OfGguf([](Metadata& metadata) {
    metadata.Set("tokenizer.ggml.suppress_tokens", Type::kInt32, std::vector<int64_t>{7, 5, 300});
  });
  EXPECT_EQ(Flags(converted), Texts({"--ban 5", "--ban 7"}));
  EXPECT_EQ(converted.warnings.size(), 1U);
}

TEST_F(Suggested, ModelsThatPullKnowsAreAdvised) {
  const auto nothing = [](Metadata&) {};
  const SuggestedSampling smollm = OfGguf(nothing, "Smollm2 135M 8k Lc100K Mix1 Ep2");
  EXPECT_EQ(Flags(smollm), Texts({"--temperature 0.2", "--top-p 0.9"}));
  EXPECT_NE(smollm.source.find("SmolLM2"), std::string::npos);
  EXPECT_EQ(Flags(OfFolder("{}", "HuggingFaceTB/SmolLM2-135M-Instruct")), Flags(smollm));
  EXPECT_EQ(Flags(OfGguf(nothing, "Qwen3 0.6B Instruct")), Texts({"--temperature 0.6", "--top-k 20", "--top-p 0.95"}));
  EXPECT_EQ(OfGguf(nothing, "qwen2.5-1.5b-instruct").options.size(), 4U);
  for (const char* other : {"", "smollm", "smollm22", "Qwen3 0.6B Base", "tales"}) {
    EXPECT_TRUE(OfGguf(nothing, other).empty()) << other;
  }
  EXPECT_TRUE(OfGguf(nothing, "SmolLM2", false).empty()) << "no chat template: a model of plain text";
  const SuggestedSampling own =
      OfGguf([](Metadata& metadata) { metadata.Set("general.sampling.top_p", Type::kFloat32, 0.5); }, "SmolLM2");
  EXPECT_EQ(Flags(own), Texts({"--top-p 0.5"})) << "the file itself counts";
}

}  // namespace
}  // namespace sheepop
