#include "model/weights.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "model/architecture.h"
#include "model/checkpoint_config.h"
#include "model/test_support.h"
#include "model/weight_bytes.h"

namespace sheepop {
namespace {

// The tensors of a tiny model, of which a test may change some.
class Tensors final : public TensorSource {
 public:
  explicit Tensors(const std::filesystem::path& path) : checkpoint_(Checkpoint::Open(path)) {
    tensors_ = checkpoint_.tensors().tensors();
  }
  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  const TensorInfo* Find(std::string_view name) const override {
    const auto found = std::ranges::find(tensors_, name, &TensorInfo::name);
    return found == tensors_.end() ? nullptr : &*found;
  }
  void Release(const TensorInfo&) const override {}

  TensorInfo& operator[](std::string_view name) { return *std::ranges::find(tensors_, name, &TensorInfo::name); }
  void Add(TensorInfo tensor) { tensors_.push_back(std::move(tensor)); }

  // The message of the refusal; empty where there is none.
  std::string WhyNot(ErrorCategory category = ErrorCategory::kCorrupt) const {
    const Architecture& architecture = ArchitectureOf(checkpoint_);
    ThreadPool pool(1);
    try {
      Weights::Load(ConfigOf(checkpoint_), *this,
                    checkpoint_.gguf() ? architecture.locate_gguf : architecture.locate_hf, pool);
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), category);
      return error.what();
    }
    return "";
  }

 private:
  Checkpoint checkpoint_;
  std::vector<TensorInfo> tensors_;
};

std::string WhyNot(const std::filesystem::path& path, std::string_view tensor, std::vector<uint64_t> shape) {
  Tensors tensors(path);
  tensors[tensor].shape = std::move(shape);
  return tensors.WhyNot();
}

TEST(Weights, EveryTensorHasItsShape) {
  const auto path = testing::Tiny("llama") / "model.gguf";
  EXPECT_EQ(Tensors(path).WhyNot(), "");
  EXPECT_EQ(WhyNot(path, "blk.0.attn_q.weight", {32, 31}),
            "tensor blk.0.attn_q.weight has shape [32, 31], blk.0.attn_q.weight needs [32, 32] from row 0");
  for (const std::vector<uint64_t>& shape :
       std::vector<std::vector<uint64_t>>{{31, 32}, {33, 32}, {32, 33}, {1024}, {1, 32, 32}}) {
    EXPECT_NE(WhyNot(path, "blk.0.attn_q.weight", shape), "") << shape[0];
  }
  EXPECT_NE(WhyNot(path, "token_embd.weight", {289, 32}), "") << "rows that nothing asks for";
}

TEST(Weights, AVectorMayBeOneRow) {
  const auto path = testing::Tiny("llama") / "model.gguf";
  EXPECT_EQ(WhyNot(path, "output_norm.weight", {1, 32}), "");
  EXPECT_EQ(WhyNot(path, "output_norm.weight", {32, 1}),
            "tensor output_norm.weight has shape [32, 1], output_norm.weight needs [32] from row 0");
  for (const std::vector<uint64_t>& shape : std::vector<std::vector<uint64_t>>{{31}, {33}, {2, 32}, {2, 16}, {1, 33}}) {
    EXPECT_NE(WhyNot(path, "output_norm.weight", shape), "") << shape[0];
  }
}

// Queries, keys and values of one tensor: 36, 12 and 12 rows.
TEST(Weights, PartsOfATensorLieWithinIt) {
  const auto path = testing::Tiny("phi3") / "model.gguf";
  EXPECT_EQ(Tensors(path).WhyNot(), "");
  EXPECT_EQ(WhyNot(path, "blk.0.attn_qkv.weight", {59, 36}),
            "tensor blk.0.attn_qkv.weight has shape [59, 36], blk.0.attn_v.weight needs [12, 36] from row 48");
  EXPECT_EQ(WhyNot(path, "blk.0.attn_qkv.weight", {47, 36}),
            "tensor blk.0.attn_qkv.weight has shape [47, 36], blk.0.attn_k.weight needs [12, 36] from row 36");
  EXPECT_EQ(WhyNot(path, "blk.0.attn_qkv.weight", {60, 35}),
            "tensor blk.0.attn_qkv.weight has shape [60, 35], blk.0.attn_q.weight needs [36, 36] from row 0");
}

// A folder of GPT-2 has [inputs, outputs].
TEST(Weights, OthersLieTheOtherWayRound) {
  const auto path = testing::Tiny("gpt2");
  const Tensors tensors(path);
  std::string up;
  for (const TensorInfo& tensor : tensors.tensors()) {
    if (tensor.name.ends_with("h.0.mlp.c_fc.weight")) up = tensor.name;
  }
  EXPECT_EQ(WhyNot(path, up, {24, 96}), "");
  EXPECT_EQ(WhyNot(path, up, {96, 24}),
            "tensor " + up + " has shape [96, 24], blk.0.ffn_up.weight needs [24, 96] from row 0");
}

TEST(Weights, AVectorIsNotQuantised) {
  Tensors tensors(testing::Tiny("llama") / "model.gguf");
  tensors["output_norm.weight"].type = DType::kQ8_0;
  EXPECT_EQ(tensors.WhyNot(ErrorCategory::kUnsupported),
            "tensor output_norm.weight is a vector of type Q8_0, vectors are F32, F16 or BF16");
}

TEST(Weights, NothingIsMissingAndNothingIsLeftOver) {
  Tensors tensors(testing::Tiny("llama") / "model.gguf");
  tensors.Add({"blk.0.attn_q.bias", DType::kF32, {32}, {}});
  EXPECT_EQ(tensors.WhyNot(ErrorCategory::kUnsupported),
            "the model holds a tensor blk.0.attn_q.bias [32] that its architecture does not use");
  Tensors without(testing::Tiny("llama") / "model.gguf");
  without["blk.1.ffn_up.weight"].name = "blk.1.ffn_up.wait";
  EXPECT_EQ(
      without.WhyNot(),
      "the model has no tensor blk.1.ffn_up.weight, though its configuration states 2 layers of llama; get the model "
      "again, or correct the configuration");
}

std::string MemoryRefusal(const MemoryNeeds& needs, size_t free) {
  try {
    RequireMemory("big.gguf", needs, free);
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), ErrorCategory::kLimit);
    return error.what();
  }
  return "";
}

TEST(Memory, WhatDoesNotFitIsRefusedWithTheLargestContextThatWould) {
  constexpr size_t kGb = 1'000'000'000;
  EXPECT_EQ(MemoryRefusal({17 * kGb, 100'000, 32768}, 21 * kGb), "");
  EXPECT_EQ(MemoryRefusal({17 * kGb, 100'000, 32768}, 0), "");
  EXPECT_EQ(MemoryRefusal({17 * kGb, 100'000, 32768}, 19 * kGb),
            "big.gguf needs 17.0 GB for its weights and 3.3 GB for a context of 32768 positions, 19.0 GB of memory are "
            "free: the largest --context that fits is about 14048");
  EXPECT_EQ(MemoryRefusal({17 * kGb, 100'000, 8192, 4}, 19 * kGb),
            "big.gguf needs 17.0 GB for its weights and 3.3 GB for a context of 8192 positions for each of 4 "
            "sequences, 19.0 GB of memory are free: the largest --context that fits is about 3504");
  EXPECT_EQ(MemoryRefusal({17 * kGb, 100'000, 8192, 0}, 19 * kGb), "") << "there will be no cache";
  EXPECT_EQ(MemoryRefusal({17 * kGb, 100'000, 0}, 19 * kGb), "") << "no context was asked for";
  EXPECT_NE(MemoryRefusal({17 * kGb, 100'000, 0}, 12 * kGb).find("12.0 GB of memory are free"), std::string::npos);
  EXPECT_NE(MemoryRefusal({17 * kGb, 100'000, 1}, 17 * kGb).find("no room for any context"), std::string::npos);
}

}  // namespace
}  // namespace sheepop
