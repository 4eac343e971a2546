#include "generate/model_summary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <filesystem>

#include "checkpoint/gguf_writer.h"
#include "testing/paths.h"
#include "testing/temporary_folder.h"

namespace sheepop {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using Type = Metadata::GgufType;

fs::path Tiny(std::string_view name) { return testing::SourcePath("tests/data/tiny") / name; }

// A file of one tensor of 2 x 3 numbers and this metadata.
fs::path Write(const testing::TemporaryFolder& folder, const Metadata& metadata) {
  const fs::path path = folder / "model.gguf";
  GgufWriter writer(path, metadata, {{"w", DType::kF16, {2, 3}}});
  writer.Append("w", std::as_bytes(std::span("abcdefghijkl", 12)));
  writer.Commit();
  return path;
}

json::object JsonOf(const fs::path& path) {
  const Checkpoint checkpoint = Checkpoint::Open(path);
  return SummaryJson(Summarise(checkpoint), checkpoint);
}

TEST(ModelSummary, OfAFile) {
  const Checkpoint checkpoint = Checkpoint::Open(Tiny("llama/model.gguf"));
  const ModelSummary summary = Summarise(checkpoint);
  EXPECT_EQ(summary.format, "GGUF version 3");
  EXPECT_EQ(summary.architecture, "llama");
  // The table of 288 x 32; two layers of 32 wide, 4 heads and 2 key heads of 8, 64 in the feed-forward; the norms.
  EXPECT_EQ(summary.parameters, 288U * 32 + 2 * (2 * 32 * 32 + 2 * 16 * 32 + 3 * 64 * 32 + 2 * 32) + 32);
  EXPECT_EQ(summary.tensor_bytes, 4 * summary.parameters);
  ASSERT_TRUE(summary.config && summary.tokenizer && summary.chat_template);
  EXPECT_EQ(summary.config->vocab, 288U);
  EXPECT_EQ(summary.tokenizer->vocab_size(), 288U);
  EXPECT_FALSE(summary.keys.empty());
  EXPECT_EQ(summary.config_error + summary.tokenizer_error, "");

  const json::object out = SummaryJson(summary, checkpoint);
  EXPECT_EQ(out.at("model").as_string(), checkpoint.path().string());
  EXPECT_EQ(out.at("parameter_count"), summary.parameters);
  EXPECT_EQ(out.at("tensor_bytes"), summary.tensor_bytes);
  EXPECT_EQ(out.at("config"), json::parse(R"({"layers": 2, "hidden": 32, "heads": 4, "kv_heads": 2, "head_dim": 8,
      "feed_forward": 64, "vocab": 288, "context": 256, "tied_embeddings": true})"));
  const json::object& tokenizer = out.at("tokenizer").as_object();
  EXPECT_EQ(tokenizer.at("tokens"), 288);
  EXPECT_EQ(tokenizer.at("eos"), *summary.tokenizer->special().eos);
  EXPECT_EQ(tokenizer.at("end").as_array().size(), summary.tokenizer->special().end.size());
  EXPECT_EQ(out.at("chat_template").as_string(), *summary.chat_template);
  EXPECT_EQ(out.at("keys").as_array().size(), summary.keys.size());
  EXPECT_EQ(out.at("metadata").at("llama.block_count"), 2);
  EXPECT_EQ(out.at("metadata").at("tokenizer.ggml.tokens").as_array().size(), 288U);
  const json::array& tensors = out.at("tensors").as_array();
  const auto table =
      std::ranges::find_if(tensors, [](const json::value& t) { return t.at("name") == "token_embd.weight"; });
  ASSERT_NE(table, tensors.end());
  EXPECT_EQ(*table, json::parse(R"({"name": "token_embd.weight", "shape": [288, 32], "type": "F32", "bytes": 36864})"));
}

TEST(ModelSummary, OfLayersThatDiffer) {
  const json::object out = JsonOf(Tiny("gemma4_small/model.gguf")), config = out.at("config").as_object();
  EXPECT_EQ(config.at("layer_kinds"), json::parse(R"([
      {"layers": 3, "kv_heads": 1, "head_dim": 8, "feed_forward": 20},
      {"layers": 2, "kv_heads": 1, "head_dim": 12, "feed_forward": 20},
      {"layers": 1, "kv_heads": 1, "head_dim": 8, "feed_forward": 40},
      {"layers": 1, "kv_heads": 1, "head_dim": 12, "feed_forward": 40}])"));
  EXPECT_EQ(config.at("layers_that_share_keys"), 2);
  EXPECT_EQ(config.at("layer_input"), 6);
  // Of the table with 112 rows a token reads one; the tensor of rotary factors, 6 numbers, is no parameter.
  EXPECT_EQ(config.at("active_parameters").to_number<size_t>(),
            out.at("parameter_count").to_number<size_t>() - 111 * 7 * 6 - 6);
}

TEST(ModelSummary, OfAFolder) {
  const json::object out = JsonOf(Tiny("gpt2"));
  EXPECT_EQ(out.at("format"), "Hugging Face folder");
  EXPECT_EQ(out.at("architecture"), "gpt2");
  EXPECT_EQ(out.at("config").at("hidden"), 24);
  EXPECT_EQ(out.at("chat_template"), nullptr);
  const json::object& metadata = out.at("metadata").as_object();
  EXPECT_EQ(metadata.at("config.json").at("n_embd"), 24);
  EXPECT_TRUE(metadata.contains("generation_config.json") && metadata.contains("tokenizer_config.json"));
}

// What a folder lacks is left out of it.
TEST(ModelSummary, OfAFolderWithoutTheOptionalFiles) {
  const testing::TemporaryFolder folder;
  fs::copy(Tiny("gpt2"), folder / "gpt2");
  fs::remove(folder / "gpt2/generation_config.json");
  fs::remove(folder / "gpt2/tokenizer_config.json");
  const json::value out = JsonOf(folder / "gpt2");
  EXPECT_EQ(out.at("metadata").as_object().size(), 1U);
}

TEST(ModelSummary, WhatCannotBeReadIsSaidAndTheRestIsShown) {
  const testing::TemporaryFolder folder;
  Metadata metadata;
  metadata.Set("general.architecture", Type::kString, std::string("no\xffsuch"));
  metadata.Set("bits", Type::kBool, std::vector<uint8_t>{1, 0});
  metadata.Set("bit", Type::kBool, true);
  metadata.Set("float", Type::kFloat32, 0.5);
  metadata.Set("infinite", Type::kFloat64, std::vector<double>{1.5, INFINITY});
  metadata.Set("texts", Type::kString, std::vector<std::string>{"a", "\xff"});
  const fs::path path = Write(folder, metadata);
  const ModelSummary summary = Summarise(Checkpoint::Open(path));
  EXPECT_FALSE(summary.config || summary.tokenizer || summary.chat_template);
  EXPECT_TRUE(summary.keys.empty());

  const json::object out = JsonOf(path);
  EXPECT_EQ(out.at("architecture"), "no\xef\xbf\xbdsuch");
  EXPECT_EQ(out.at("parameter_count"), 6);
  EXPECT_EQ(out.at("tensor_bytes"), 12);
  EXPECT_NE(json::serialize(out.at("config").at("error")).find("such"), std::string::npos);
  EXPECT_NE(json::serialize(out.at("tokenizer").at("error")).find("tokenizer"), std::string::npos);
  EXPECT_EQ(out.at("keys"), json::array());
  const json::object& values = out.at("metadata").as_object();
  EXPECT_EQ(values.at("bits"), json::parse("[true, false]"));
  EXPECT_EQ(values.at("bit"), true);
  EXPECT_EQ(values.at("float"), 0.5);
  EXPECT_EQ(values.at("infinite"), json::parse("[1.5, null]")) << "JSON has no infinity";
  EXPECT_EQ(values.at("texts"), json::parse("[\"a\", \"\xef\xbf\xbd\"]"));
}

TEST(ModelSummary, AFileNeedNotNameItsFamily) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(Summarise(Checkpoint::Open(Write(folder, {}))).architecture, "");
  Metadata number;
  number.Set("general.architecture", Type::kUint32, uint64_t{7});
  EXPECT_EQ(Summarise(Checkpoint::Open(Write(folder, number))).architecture, "");
  fs::copy(Tiny("gpt2"), folder / "gpt2");
  testing::WriteFile(folder / "gpt2/config.json", R"({"model_type": 3})");
  EXPECT_EQ(Summarise(Checkpoint::Open(folder / "gpt2")).architecture, "");
}

// A key that is refused stands in the list with the reason, beside those that are used.
TEST(ModelSummary, KeysCarryTheReasonOfTheirRefusal) {
  const testing::TemporaryFolder folder;
  fs::copy(Tiny("llama"), folder / "llama");
  json::value config = json::parse(testing::ReadFile(folder / "llama/config.json"));
  config.as_object()["mlp_bias"] = true;
  testing::WriteFile(folder / "llama/config.json", json::serialize(config));
  const json::object out = JsonOf(folder / "llama");
  const json::array& keys = out.at("keys").as_array();
  const auto refused = std::ranges::find_if(keys, [](const json::value& key) { return key.at("key") == "mlp_bias"; });
  ASSERT_NE(refused, keys.end());
  EXPECT_EQ(refused->at("treatment"), "refused");
  EXPECT_TRUE(refused->as_object().contains("why"));
  const auto used = std::ranges::find_if(keys, [](const json::value& key) { return key.at("key") == "hidden_size"; });
  EXPECT_EQ(*used, json::parse(R"({"key": "hidden_size", "value": "32", "treatment": "used"})"));
  EXPECT_TRUE(out.at("config").as_object().contains("error"));
}

}  // namespace
}  // namespace sheepop
