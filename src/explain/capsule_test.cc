#include "explain/capsule.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "base/error.h"
#include "testing/temporary_folder.h"

namespace sheepop {
namespace {

Capsule Small() {
  Capsule capsule;
  capsule.build = ThisBuild();
  capsule.isa = "reference";
  capsule.model = "m \"x\".gguf";
  capsule.model_sha256 = std::string(64, 'a');
  capsule.tokenizer_sha256 = std::string(64, '0');
  capsule.engine.context = 77;
  capsule.engine.kv_type = kernel::KvType::kBf16;
  capsule.sampling.top_k = 3;
  capsule.seed = UINT64_MAX;
  capsule.prompt = {1, 2};
  capsule.sequences = {{{4, 5}, {"0123456789abcdef", "fedcba9876543210"}, "length"}};
  return capsule;
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Capsule, IsReadAsItWasWritten) {
  const Capsule small = Small();
  const Capsule read = ParseCapsule(CapsuleText(small));
  EXPECT_EQ(CapsuleText(read), CapsuleText(small));
  EXPECT_EQ(read.model, small.model);
  EXPECT_EQ(read.engine.context, 77u);
  EXPECT_EQ(read.engine.kv_type, kernel::KvType::kBf16);
  EXPECT_EQ(read.sampling.top_k, 3);
  EXPECT_EQ(read.seed, UINT64_MAX);
  EXPECT_EQ(read.prompt, small.prompt);
  ASSERT_EQ(read.sequences.size(), 1u);
  EXPECT_EQ(read.sequences[0].ids, small.sequences[0].ids);
  EXPECT_EQ(read.sequences[0].digests, small.sequences[0].digests);
  EXPECT_EQ(read.sequences[0].finish_reason, "length");
}

TEST(Capsule, ADamagedOneIsRefusedWithTheField) {
  const std::string text = CapsuleText(Small());
  const std::array<std::array<std::string, 3>, 13> damages = {{
      {"\"capsule\":1", "\"capsule\":2", "format"},
      {"\"isa\":\"reference\",", "", "isa"},
      {"\"bf16\"", "\"q4\"", "kv_type"},
      {"aaaa", "zzzz", "model_sha256"},
      {"\"context\":77", "\"context\":-1", "context"},
      {"\"prompt_ids\":[1,2]", "\"prompt_ids\":[]", "prompt_ids"},
      {"\"prompt_ids\":[1,2]", "\"prompt_ids\":[1,4294967296]", "prompt_ids"},
      {"\"ids\":[4,5]", "\"ids\":[4]", "1 ids and 2 digests"},
      {"\"fedcba9876543210\"", "\"fedc\"", "logits"},
      {"\"top_k\":3", "\"top_k\":-3", "top_k"},
      {"\"seed\":", "\"sede\":1,\"seed\":", "sede"},
      {"\"ids\":[4,5]", "\"ids\":[4,5],\"texts\":[]", "texts"},
      {"\"finish_reason\":\"", "\"finish_reason\":\"un", "finish_reason"},
  }};
  for (const auto& [from, to, named] : damages) {
    try {
      ParseCapsule(Replaced(text, from, to));
      FAIL() << to;
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), ErrorCategory::kCorrupt) << to;
      EXPECT_NE(std::string(error.what()).find(named), std::string::npos) << error.what();
    }
  }
}

TEST(Capsule, OfAFolderEveryPartCountsAndNothingElse) {
  const testing::TemporaryFolder folder;
  testing::WriteFile(folder / "config.json", "{}");
  testing::WriteFile(folder / "model.safetensors", "weights");
  const std::string before = ModelSha256(folder.path());
  testing::WriteFile(folder / "README.md", "text");
  EXPECT_EQ(ModelSha256(folder.path()), before);
  testing::WriteFile(folder / "model.safetensors", "weightz");
  EXPECT_NE(ModelSha256(folder.path()), before);
}

}  // namespace
}  // namespace sheepop
