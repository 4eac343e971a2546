#include "model/expert_reading.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string_view>

#include "model/limits.h"

namespace sheepop {
namespace {

// expert_gating_func: what a router's logits become. 3, the softmax over the chosen alone, is 1 with weights normalised.
void Gating(const GgufFields& fields, ExpertConfig& experts) {
  const auto function = fields.OptionalSize("expert_gating_func").value_or(0);
  switch (function) {
    case 0: return;
    case 1: experts.score = RouterScore::kSoftmax; return;
    case 2: experts.score = RouterScore::kSigmoid; return;
    case 3:
      experts.score = RouterScore::kSoftmax;
      experts.normalised = true;
      return;
    default:
      fields.Refuse("expert_gating_func", function,
                    "must be 1 (softmax), 2 (sigmoid) or 3 (softmax of the chosen): others are not supported");
  }
}

size_t SharedWidth(const GgufFields& fields, const TensorSource& tensors, size_t layer, const ExpertConfig& experts) {
  if (!tensors.Find(fmt::format("blk.{}.ffn_up_shexp.weight", layer))) return 0;
  const size_t width = fields.OptionalSize("expert_shared_feed_forward_length").value_or(0);
  return width > 0 ? width : fields.OptionalSize("expert_shared_count").value_or(1) * experts.feed_forward;
}

}  // namespace

void ExpertsFromGguf(const GgufFields& fields, const TensorSource& tensors, ModelConfig& config) {
  if (fields.OptionalSize("expert_count").value_or(0) == 0) return;
  ExpertConfig& experts = config.experts;
  experts.count = fields.Size("expert_count", kMostExperts);
  experts.used = fields.Size("expert_used_count", experts.count);
  experts.feed_forward = fields.OptionalUniformSize("expert_feed_forward_length").value_or(config.feed_forward);
  Gating(fields, experts);
  experts.normalised = fields.Bool("expert_weights_norm", experts.normalised);
  if (const double scale = fields.Float("expert_weights_scale", 0); scale != 0) {
    experts.scale = static_cast<float>(scale);
  }
  experts.groups = std::max<size_t>(1, fields.OptionalSize("expert_group_count").value_or(1));
  experts.groups_used = std::max<size_t>(1, fields.OptionalSize("expert_group_used_count").value_or(experts.groups));
  const auto in_layer = [&](size_t layer, std::string_view name) {
    return tensors.Find(fmt::format("blk.{}.{}", layer, name)) != nullptr;
  };
  for (size_t layer = config.shapes.size(); layer-- > 0;) {
    config.shapes[layer].experts = in_layer(layer, "ffn_gate_inp.weight");
    if (!config.shapes[layer].experts) continue;
    experts.router_bias = in_layer(layer, "ffn_gate_inp.bias");
    experts.choice_bias = in_layer(layer, "exp_probs_b.bias");
    experts.bias = in_layer(layer, "ffn_down_exps.bias");
    experts.shared_feed_forward = SharedWidth(fields, tensors, layer, experts);
    experts.shared_gate = in_layer(layer, "ffn_gate_inp_shexp.weight");
  }
  const size_t dense = fields.OptionalSize("leading_dense_block_count").value_or(0);
  for (size_t layer = 0; layer < config.shapes.size(); ++layer) {
    if (config.shapes[layer].experts && layer < dense) {
      fields.Reject("leading_dense_block_count", dense, fmt::format("but layer {} has a router", layer));
    }
  }
}

void ExpertsFromHf(const HfFields& fields, const HfExpertKeys& keys, ModelConfig& config) {
  // transformers writes the number under either name.
  constexpr std::string_view kNames[] = {"num_experts", "num_local_experts"};
  const std::string_view other = keys.count == kNames[0] ? kNames[1] : kNames[0];
  config.experts.count = fields.Size(fields.Has(keys.count) ? keys.count : other, kMostExperts);
  config.experts.used = fields.Size(keys.used, config.experts.count);
  config.experts.feed_forward = fields.Size(keys.feed_forward, kMostFeedForward);
  for (LayerShape& shape : config.shapes) shape.experts = true;
}

void ExpertsIn(const std::vector<bool>& layers, ModelConfig& config) {
  for (size_t layer = 0; layer < config.shapes.size(); ++layer) config.shapes[layer].experts = layers[layer];
}

bool ExpertsFromKinds(const HfFields& fields, ModelConfig& config) {
  constexpr std::string_view kKey = "mlp_layer_types";
  const boost::json::array* kinds = fields.Array(kKey);
  if (!kinds) return false;
  if (kinds->size() != config.shapes.size()) {
    fields.Reject(kKey, fmt::format("must have one entry for each of the {} layers", config.layers));
  }
  for (size_t layer = 0; layer < kinds->size(); ++layer) {
    const boost::json::value& kind = (*kinds)[layer];
    if (kind != "sparse" && kind != "dense") {
      fields.Refuse(kKey, fmt::format("layer {} must be sparse or dense", layer));
    }
    config.shapes[layer].experts = kind == "sparse";
  }
  return true;
}

void ExpertKindsToHf(const ModelConfig& config, boost::json::object& out) {
  boost::json::array kinds;
  for (const LayerShape& shape : config.shapes) kinds.emplace_back(shape.experts ? "sparse" : "dense");
  out["mlp_layer_types"] = std::move(kinds);
}

void ExpertsToGguf(const ModelConfig& config, GgufConfig& out) {
  const ExpertConfig& experts = config.experts;
  if (std::ranges::none_of(config.shapes, &LayerShape::experts)) return;
  GgufKeys keys(config.architecture, out);
  keys.Size("expert_count", experts.count);
  keys.Size("expert_used_count", experts.used);
  keys.Size("expert_feed_forward_length", experts.feed_forward);
  keys.Size("expert_gating_func", experts.score == RouterScore::kSigmoid ? 2 : 1);
  keys.Bool("expert_weights_norm", experts.normalised);
  if (experts.scale != 1) keys.Float("expert_weights_scale", static_cast<double>(experts.scale));
  if (experts.groups > 1) {
    keys.Size("expert_group_count", experts.groups);
    keys.Size("expert_group_used_count", experts.groups_used);
  }
  if (experts.shared_feed_forward > 0) keys.Size("expert_shared_feed_forward_length", experts.shared_feed_forward);
  const auto first = std::ranges::find(config.shapes, true, &LayerShape::experts);
  if (first != config.shapes.begin()) {
    keys.Size("leading_dense_block_count", static_cast<size_t>(first - config.shapes.begin()));
  }
}

void ExpertsToHf(const ModelConfig& config, const HfExpertKeys& keys, boost::json::object& out) {
  out[keys.count] = config.experts.count;
  out[keys.used] = config.experts.used;
  out[keys.feed_forward] = config.experts.feed_forward;
}

}  // namespace sheepop
