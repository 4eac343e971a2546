// SmolLM3: Llama's layer; every fourth turns nothing. https://huggingface.co/docs/transformers/model_doc/smollm3.
#include <fmt/core.h>

#include <algorithm>
#include <boost/json/value.hpp>

#include "model/config_reading.h"
#include "model/config_writing.h"
#include "model/layers.h"
#include "model/limits.h"

namespace sheepop {
namespace {

constexpr std::string_view kName = "smollm3", kBias = "biases in this family";
constexpr KeyRule kKeys[] = {
    {"hidden_act"},
    {"no_rope_layers"},
    {"no_rope_layer_interval"},
    {"use_sliding_window"},
    {"sliding_window"},
    {"layer_types"},
    {"max_window_layers", KeyUse::kHarmless},
    {"attention_bias", KeyUse::kOnly, "[false]", kBias},
    {"mlp_bias", KeyUse::kOnly, "[false]", kBias},
};
constexpr HfType kHfTypes[] = {{"smollm3", "SmolLM3ForCausalLM", kKeys}};
constexpr size_t kPeriod = 4;  // one layer in so many turns nothing

void TurnNothingIn(size_t period, ModelConfig& config) {
  for (size_t layer = 0; layer < config.shapes.size(); ++layer) {
    if ((layer + 1) % period == 0) config.shapes[layer].rope = kNoRope;
  }
}

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  ModelConfig config = CommonFromGguf(metadata, tensors, kName);
  RopeConfig rope = RopeFromGguf(GgufFields(metadata, kName), tensors, options, config);
  rope.interleaved = true;  // writers permute this family's query and key rows for neighbouring pairs
  UseOneRope(std::move(rope), config);
  TurnNothingIn(kPeriod, config);
  return config;
}

// no_rope_layers: for each layer 1 where it turns, 0 where it does not.
void HfRopes(const HfFields& fields, ModelConfig& config) {
  const size_t period = fields.OptionalSize("no_rope_layer_interval").value_or(kPeriod);
  if (period == 0) fields.Reject("no_rope_layer_interval", "must be at least 1");
  const boost::json::array* turns = fields.Array("no_rope_layers");
  if (!turns) return TurnNothingIn(period, config);
  if (turns->size() < config.layers) {
    fields.Reject("no_rope_layers", fmt::format("must have one entry for each of the {} layers", config.layers));
  }
  for (size_t layer = 0; layer < config.layers; ++layer) {
    const boost::json::value& turned = (*turns)[layer];
    if (turned != 0 && turned != 1) fields.Reject("no_rope_layers", fmt::format("layer {} must be 0 or 1", layer));
    if (turned == 0) config.shapes[layer].rope = kNoRope;
  }
}

// Without layer_types it is the layers that turn nothing that have the window.
void HfWindows(const HfFields& fields, ModelConfig& config) {
  const size_t stated = WindowFromHf(fields, 0);
  const size_t window = fields.Bool("use_sliding_window", false) ? stated : 0;
  if (WindowsFromLayerTypes(fields, window, config)) return;
  for (LayerShape& shape : config.shapes) {
    if (shape.rope == kNoRope) shape.window = window;
  }
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  ModelConfig config = CommonFromHf(fields, tensors, kName, {.kv_heads = 4, .tied = true});
  config.activation = ActivationFromHf(fields, "hidden_act", "silu");
  UseOneRope(RopeFromHf(fields, {.theta = 2000000}, options, config), config);
  HfRopes(fields, config);
  HfWindows(fields, config);
  return config;
}

GgufConfig ToGguf(const ModelConfig& config) { return CommonToGguf(config); }

boost::json::object ToHf(const ModelConfig& config) {
  boost::json::object out = CommonToHf(config, kHfTypes[0]);
  boost::json::array turns;
  for (const LayerShape& shape : config.shapes) turns.emplace_back(shape.rope == kNoRope ? 0 : 1);
  out["no_rope_layers"] = std::move(turns);
  out["pad_token_id"] = nullptr;  // transformers would assume one that small vocabularies lack
  const size_t window = std::ranges::max(config.shapes, {}, &LayerShape::window).window;
  out["use_sliding_window"] = window > 0;
  out["layer_types"] = LayerTypesToHf(config);
  if (window > 0) out["sliding_window"] = window;
  return out;
}

}  // namespace

extern const Architecture kSmolLm3 = {kName,  "SmolLM3", kHfTypes, {},         true,     FromGguf,
                                      FromHf, ToGguf,    ToHf,     LocateGguf, LocateHf, PreNormLayer};

}  // namespace sheepop
