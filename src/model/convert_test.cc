#include "model/convert.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/mapped_file.h"
#include "model/checkpoint_config.h"
#include "model/file_type.h"
#include "model/model.h"
#include "model/test_support.h"

namespace sheepop {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::Tiny;
using testing::WriteJson;

// Of all positions: [ids, vocab].
std::vector<float> Logits(const fs::path& path, const std::vector<Token>& ids) {
  ThreadPool pool(1);
  const auto model = Model::Load(Checkpoint::Open(path), {.context = ids.size(), .isa = Isa::kReference}, pool);
  KvCache cache(KvShapeOf(model->config(), kernel::KvType::kF32), ids.size() + 16);
  Workspace work(model->config(), ids.size(), ids.size(), 1, ids.size());
  std::vector<Row> rows;
  const SequenceId sequence = cache.Open();
  for (const Token id : ids) rows.push_back({sequence, id, true});
  const LogitRows out = model->Forward(rows, cache, work, pool);
  std::vector<float> logits;
  for (size_t i = 0; i < out.size(); ++i) logits.insert(logits.end(), out.logits(i).begin(), out.logits(i).end());
  return logits;
}

// Equal but for the order of sums, where a family's rotary pairs lie otherwise in the two forms.
void ExpectSameLogits(const fs::path& a, const fs::path& b) {
  std::vector<Token> ids;
  for (Token id = 3; id < 43; ++id) ids.push_back(id);
  const std::vector<float> expected = Logits(a, ids), got = Logits(b, ids);
  ASSERT_EQ(expected.size(), got.size());
  const float largest = std::abs(*std::ranges::max_element(expected, {}, [](float x) { return std::abs(x); }));
  for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], 1e-5f * largest) << "logit " << i;
}

void ExpectSameConfig(const ModelConfig& a, const ModelConfig& b) {
  EXPECT_EQ(a.architecture, b.architecture);
  EXPECT_EQ(a.layers, b.layers);
  EXPECT_EQ(a.hidden, b.hidden);
  EXPECT_EQ(a.heads, b.heads);
  EXPECT_EQ(a.kv_heads, b.kv_heads);
  EXPECT_EQ(a.head_dim, b.head_dim);
  EXPECT_EQ(a.feed_forward, b.feed_forward);
  EXPECT_EQ(a.vocab, b.vocab);
  EXPECT_EQ(a.context, b.context);
  EXPECT_EQ(a.norm, b.norm);
  EXPECT_EQ(a.norm_epsilon, b.norm_epsilon);
  EXPECT_EQ(a.activation, b.activation);
  EXPECT_EQ(a.gated, b.gated);
  EXPECT_EQ(a.attention_bias, b.attention_bias);
  EXPECT_EQ(a.projection_bias, b.projection_bias);
  EXPECT_EQ(a.query_key_norm, b.query_key_norm);
  EXPECT_EQ(a.post_norms, b.post_norms);
  EXPECT_EQ(a.learned_positions, b.learned_positions);
  EXPECT_EQ(a.tied_embeddings, b.tied_embeddings);
  EXPECT_EQ(a.embedding_scale, b.embedding_scale);
  EXPECT_FLOAT_EQ(a.attention_scale, b.attention_scale);
  EXPECT_EQ(a.attention_softcap, b.attention_softcap);
  EXPECT_EQ(a.final_softcap, b.final_softcap);
  EXPECT_EQ(a.shapes, b.shapes);
  ASSERT_EQ(a.ropes.size(), b.ropes.size());
  for (size_t i = 0; i < a.ropes.size(); ++i) {
    EXPECT_EQ(a.ropes[i].dims, b.ropes[i].dims);
    EXPECT_FLOAT_EQ(static_cast<float>(a.ropes[i].theta), static_cast<float>(b.ropes[i].theta));
    EXPECT_FLOAT_EQ(a.ropes[i].factor, b.ropes[i].factor);
    EXPECT_TRUE(NearlyEqual(Frequencies(a.ropes[i]), Frequencies(b.ropes[i])));
  }
}

bool Notes(const Conversion& conversion, std::string_view words) {
  return std::ranges::any_of(conversion.notes(),
                             [&](const std::string& note) { return note.find(words) != std::string::npos; });
}

class ConvertTo : public testing::InFolder {
 protected:
  fs::path ToGguf(const fs::path& from, std::optional<DType> type = {}) {
    const Checkpoint checkpoint = Checkpoint::Open(from);
    const Conversion conversion(checkpoint, Conversion::Form::kGguf, type);
    const fs::path out = folder_ / "out.gguf";
    conversion.WriteGguf(out, conversion.metadata(), pool_, [](const std::string&, size_t, size_t) {});
    return out;
  }

  // With the tokenizer of `name`, without which no folder opens.
  fs::path ToFolder(const fs::path& from, const std::string& name, uint64_t shard_bytes = 1 << 30) {
    const Checkpoint checkpoint = Checkpoint::Open(from);
    const Conversion conversion(checkpoint, Conversion::Form::kFolder, {});
    const fs::path out = folder_ / "out";
    fs::create_directories(out);
    fs::copy_file(Tiny(name) / "tokenizer.json", out / "tokenizer.json");
    WriteJson(out / "config.json", conversion.hf_config());
    files_ = conversion.WriteSafetensors(out, shard_bytes, pool_, [](const std::string&, size_t, size_t) {});
    return out;
  }

  std::string WhyNot(const fs::path& from, Conversion::Form form) {
    const Checkpoint checkpoint = Checkpoint::Open(from);
    try {
      const Conversion conversion(checkpoint, form, {});
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  ThreadPool pool_{2};
  std::vector<std::string> files_;
};

class Convert : public ConvertTo, public ::testing::WithParamInterface<std::string> {};

TEST_P(Convert, FolderToGgufAndBackIsTheSameModel) {
  const std::string name = GetParam();
  if (name.ends_with("_window")) {
    EXPECT_NE(WhyNot(Tiny(name), Conversion::Form::kGguf).find("sliding windows"), std::string::npos);
    return;
  }
  const fs::path gguf = ToGguf(Tiny(name));
  ModelConfig expected = ConfigOf(Checkpoint::Open(Tiny(name)));
  ExpectSameConfig(expected, ConfigOf(Checkpoint::Open(gguf)));
  ExpectSameLogits(Tiny(name), gguf);
  const fs::path again = ToFolder(gguf, name);
  ExpectSameConfig(expected, ConfigOf(Checkpoint::Open(again)));
  ExpectSameLogits(Tiny(name), again);
}

TEST_P(Convert, GgufToFolderIsTheSameModel) {
  const std::string name = GetParam();
  const fs::path from = Tiny(name) / "model.gguf";
  if (!fs::exists(from)) return;
  const fs::path folder = ToFolder(from, name);
  ExpectSameConfig(ConfigOf(Checkpoint::Open(from)), ConfigOf(Checkpoint::Open(folder)));
  ExpectSameLogits(from, folder);
}

TEST_P(Convert, FolderToFolderIsTheSameModel) {
  const std::string name = GetParam();
  const fs::path folder = ToFolder(Tiny(name), name, 4096);
  ExpectSameConfig(ConfigOf(Checkpoint::Open(Tiny(name))), ConfigOf(Checkpoint::Open(folder)));
  ExpectSameLogits(Tiny(name), folder);
  EXPECT_EQ(files_.back(), "model.safetensors.index.json");
  EXPECT_GT(files_.size(), 3U);
}

TEST_P(Convert, GgufToGgufKeepsEveryByte) {
  const std::string name = GetParam();
  const fs::path from = Tiny(name) / "model.gguf";
  if (!fs::exists(from)) return;
  const fs::path gguf = ToGguf(from);
  const Checkpoint before = Checkpoint::Open(from), after = Checkpoint::Open(gguf);
  ASSERT_EQ(before.tensors().tensors().size(), after.tensors().tensors().size());
  for (const TensorInfo& tensor : before.tensors().tensors()) {
    const TensorInfo* same = after.tensors().Find(tensor.name);
    ASSERT_TRUE(same) << tensor.name;
    EXPECT_EQ(tensor.type, same->type);
    EXPECT_EQ(tensor.shape, same->shape);
    EXPECT_TRUE(std::ranges::equal(tensor.bytes, same->bytes)) << tensor.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Families, Convert, ::testing::ValuesIn(testing::TinyNames()),
                         [](const auto& test) { return test.param; });

// Of matrices, of the output and of vectors: the rule that the header states.
TEST_F(ConvertTo, ElementTypes) {
  struct Case {
    DType wanted, matrix, output;
    int64_t file_type;  // llama.cpp's number, of what most values are
  };
  // Rows of 32 and 64 are no whole blocks of 256.
  for (const Case& c :
       {Case{DType::kF32, DType::kF32, DType::kF32, 0}, Case{DType::kF16, DType::kF16, DType::kF16, 1},
        Case{DType::kBF16, DType::kBF16, DType::kBF16, 32}, Case{DType::kQ8_0, DType::kQ8_0, DType::kQ8_0, 7},
        Case{DType::kQ4_0, DType::kQ4_0, DType::kQ8_0, 2}, Case{DType::kQ4_1, DType::kQ4_1, DType::kQ8_0, 3},
        Case{DType::kQ5_0, DType::kQ5_0, DType::kQ8_0, 8}, Case{DType::kQ5_1, DType::kQ5_1, DType::kQ8_0, 9},
        Case{DType::kQ4_K, DType::kQ5_0, DType::kQ8_0, 8}, Case{DType::kQ5_K, DType::kQ5_1, DType::kQ8_0, 9},
        Case{DType::kQ6_K, DType::kQ8_0, DType::kQ8_0, 7}, Case{DType::kMXFP4, DType::kMXFP4, DType::kQ8_0, 38},
        Case{DType::kTQ2_0, DType::kMXFP4, DType::kQ8_0, 38}, Case{DType::kQ1_0, DType::kMXFP4, DType::kQ8_0, 38}}) {
    const fs::path out = ToGguf(Tiny("llama"), c.wanted);
    const Checkpoint checkpoint = Checkpoint::Open(out);
    EXPECT_EQ(checkpoint.tensors().Find("blk.1.ffn_up.weight")->type, c.matrix) << Info(c.wanted).name;
    EXPECT_EQ(checkpoint.tensors().Find("token_embd.weight")->type, c.output) << Info(c.wanted).name;
    EXPECT_EQ(checkpoint.tensors().Find("blk.0.attn_norm.weight")->type, DType::kF32);
    EXPECT_EQ(checkpoint.gguf()->metadata().Int("general.file_type"), c.file_type) << Info(c.wanted).name;
    EXPECT_EQ(checkpoint.gguf()->metadata().Int("general.quantization_version"), 2);
  }
  EXPECT_EQ(FileTypeOf(DType::kQ4_K), 15u);
  EXPECT_EQ(FileTypeOf(DType::kQ5_K), 17u);
  EXPECT_EQ(FileTypeOf(DType::kQ6_K), 18u);
  EXPECT_EQ(FileTypeOf(DType::kTQ2_0), 37u);
  EXPECT_EQ(FileTypeOf(DType::kQ1_0), 40u);
  EXPECT_EQ(FileTypeOf(DType::kQ2_0), 41u);
  const Checkpoint checkpoint = Checkpoint::Open(Tiny("llama"));
  EXPECT_THROW(Conversion(checkpoint, Conversion::Form::kFolder, DType::kQ8_0), Error);
  const Conversion small(checkpoint, Conversion::Form::kGguf, DType::kQ4_K);
  EXPECT_TRUE(Notes(small, "are not whole blocks of Q4_K"));
}

// Copied or converted, the count is the source's.
TEST_F(ConvertTo, ValuesThatAreNoNumbersAreTold) {
  const fs::path plain = ToGguf(Tiny("llama"), DType::kF16), damaged = folder_ / "damaged.gguf";
  fs::copy_file(plain, damaged);
  {
    const Checkpoint checkpoint = Checkpoint::Open(plain);
    const TensorInfo* tensor = checkpoint.tensors().Find("blk.1.ffn_up.weight");
    const MappedFile file = MappedFile::Open(plain);
    const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
    const std::string_view first(reinterpret_cast<const char*>(tensor->bytes.data()), 64);
    std::fstream out(damaged, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(static_cast<std::streamoff>(bytes.find(first)) + 4);
    out.write("\x00\x7e\x00\x7c", 4);  // NaN, infinity
  }
  for (const std::optional<DType> type : {std::optional<DType>(), std::optional(DType::kF32)}) {
    const Checkpoint checkpoint = Checkpoint::Open(damaged);
    const Conversion conversion(checkpoint, Conversion::Form::kGguf, type);
    conversion.WriteGguf(folder_ / "again.gguf", conversion.metadata(), pool_,
                         [](const std::string&, size_t, size_t) {});
    ASSERT_EQ(conversion.warnings().size(), 1u);
    EXPECT_EQ(conversion.warnings()[0].thing, "blk.1.ffn_up.weight");
    EXPECT_EQ(conversion.warnings()[0].value, "2");
  }
}

TEST_F(ConvertTo, QuantisingTwiceIsNoted) {
  const Checkpoint checkpoint = Checkpoint::Open(Tiny("llama") / "model-q8_0.gguf");
  const Conversion conversion(checkpoint, Conversion::Form::kGguf, DType::kQ4_0);
  EXPECT_TRUE(Notes(conversion, "errors of both add up"));
  const Conversion whole(checkpoint, Conversion::Form::kFolder, {});
  EXPECT_TRUE(whole.notes().empty());
}

// What the other form cannot say is refused, by name.
TEST_F(ConvertTo, WhatCannotBeStatedIsRefused) {
  const auto refused = [&](const std::string& name, const json::object& changes, const char* what) {
    const std::string why = WhyNot(Changed(name, changes), Conversion::Form::kGguf);
    EXPECT_NE(why.find(what), std::string::npos) << name << ": " << why;
  };
  refused("qwen2", {{"use_sliding_window", true}, {"max_window_layers", 1}}, "sliding windows");
  refused("llama", {{"hidden_act", "gelu_pytorch_tanh"}}, "activation");
  refused("gpt2", {{"scale_attn_weights", false}}, "attention scale");
  refused("qwen2_yarn",
          {{"rope_scaling",
            {{"rope_type", "yarn"}, {"factor", 4.0}, {"truncate", false}, {"original_max_position_embeddings", 64}}}},
          "rotary frequencies");
  refused("gemma2", {{"query_pre_attn_scalar", 12}}, "attention scale");
  refused("gemma2", {{"attn_logit_softcapping", nullptr}}, "soft caps");
  refused("gemma3",
          {{"layer_types",
            {"full_attention", "sliding_attention", "sliding_attention", "full_attention", "sliding_attention",
             "sliding_attention", "sliding_attention"}}},
          "sliding windows");
}

TEST_F(ConvertTo, MissingAndMisshapenTensorsAreNamed) {
  EXPECT_NE(WhyNot(Changed("llama", {{"num_hidden_layers", 3}}), Conversion::Form::kGguf).find("model.layers.2"),
            std::string::npos);
  EXPECT_NE(WhyNot(Changed("llama", {{"intermediate_size", 48}}), Conversion::Form::kGguf).find("the model needs [48"),
            std::string::npos);
}

}  // namespace
}  // namespace sheepop
