// Seed-OSS: Llama's layer with biases on queries, keys and values. https://huggingface.co/docs/transformers/model_doc/seed_oss.
#include <fmt/core.h>

#include <algorithm>
#include <boost/json/value.hpp>

#include "model/config_reading.h"
#include "model/config_writing.h"
#include "model/layers.h"

namespace sheepop {
namespace {

constexpr std::string_view kName = "seed_oss", kBias = "other biases in this family";
constexpr KeyRule kKeys[] = {
    {"hidden_act"},
    {"attention_bias"},
    {"residual_dropout", KeyUse::kHarmless},
    {"attention_out_bias", KeyUse::kOnly, "[false]", kBias},
    {"mlp_bias", KeyUse::kOnly, "[false]", kBias},
};
constexpr HfType kHfTypes[] = {{"seed_oss", "SeedOssForCausalLM", kKeys}};

// Where the norm before the feed-forward lies: its name in files is that of a norm behind attention elsewhere.
Location LocateInGguf(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  if (parameter.role != Role::kFeedForwardNorm) return LocateGguf(config, parameter, source);
  return {GgufName(Role::kPostAttentionNorm, parameter.layer)};
}

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromGguf(metadata, tensors, kName);
  UseOneRope(RopeFromGguf(GgufFields(metadata, kName), tensors, options, config), config);
  config.attention_bias = tensors.Find("blk.0.attn_q.bias") || tensors.Find("blk.0.attn_qkv.bias");
  return config;
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  ModelConfig config = CommonFromHf(fields, tensors, kName, {.kv_heads = 8, .head_dim = 128});
  config.activation = ActivationFromHf(fields, "hidden_act", "silu");
  config.attention_bias = fields.Bool("attention_bias", true);
  UseOneRope(RopeFromHf(fields, {}, options, config), config);
  return config;
}

GgufConfig ToGguf(const ModelConfig& config) { return CommonToGguf(config); }

boost::json::object ToHf(const ModelConfig& config) {
  boost::json::object out = CommonToHf(config, kHfTypes[0]);
  out["attention_bias"] = config.attention_bias;
  out["pad_token_id"] = nullptr;  // transformers would assume one that small vocabularies lack
  return out;
}

}  // namespace

extern const Architecture kSeedOss = {kName,  "Seed-OSS", kHfTypes, {},           true,     FromGguf,
                                      FromHf, ToGguf,     ToHf,     LocateInGguf, LocateHf, PreNormLayer};

}  // namespace sheepop
