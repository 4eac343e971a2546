// ERNIE 4.5, dense: Llama's layer, whose rotary pairs are neighbours in folders, too.
// https://huggingface.co/docs/transformers/model_doc/ernie4_5.
#include <algorithm>
#include <boost/json/value.hpp>

#include "model/config_reading.h"
#include "model/config_writing.h"
#include "model/layers.h"

namespace sheepop {
namespace {

constexpr std::string_view kName = "ernie4_5";
constexpr KeyRule kKeys[] = {{"hidden_act"}, {"use_bias", KeyUse::kOnly, "[false]", "biases in this family"}};
constexpr KeyRule kGgufKeys[] = {{"rope.dimension_sections", KeyUse::kHarmless}};  // all the same for text
constexpr HfType kHfTypes[] = {{"ernie4_5", "Ernie4_5ForCausalLM", kKeys}};

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromGguf(metadata, tensors, kName);
  RopeConfig rope = RopeFromGguf(GgufFields(metadata, kName), tensors, options, config);
  rope.interleaved = true;
  UseOneRope(std::move(rope), config);
  return config;
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  ModelConfig config =
      CommonFromHf(fields, tensors, kName, {.norm_epsilon = 1e-5, .kv_heads = 2, .head_dim = 128, .tied = true});
  config.activation = ActivationFromHf(fields, "hidden_act", "silu");
  RopeConfig rope = RopeFromHf(fields, {.theta = 500000}, options, config);
  rope.interleaved = true;
  UseOneRope(std::move(rope), config);
  return config;
}

GgufConfig ToGguf(const ModelConfig& config) { return CommonToGguf(config); }
boost::json::object ToHf(const ModelConfig& config) { return CommonToHf(config, kHfTypes[0]); }

}  // namespace

extern const Architecture kErnie45 = {kName,  kHfTypes, kGgufKeys,  true,     FromGguf,    FromHf,
                                      ToGguf, ToHf,     LocateGguf, LocateHf, PreNormLayer};

}  // namespace sheepop
