// What the families with a mixture of experts share when they read and write a configuration.
#pragma once

#include <span>

#include "model/config_fields.h"
#include "model/config_reading.h"
#include "model/config_writing.h"

namespace sheepop {

// What ExpertsFromGguf reads, for a family's gguf_keys.
inline constexpr KeyRule kGgufExpertKeys[] = {
    {"expert_count"},
    {"expert_used_count"},
    {"expert_feed_forward_length"},
    {"expert_shared_count"},
    {"expert_shared_feed_forward_length"},
    {"expert_gating_func"},
    {"expert_weights_norm"},
    {"expert_weights_scale"},
    {"expert_group_count"},
    {"expert_group_used_count"},
    {"leading_dense_block_count"},
    {"interleave_moe_layer_step", KeyUse::kHarmless},  // the tensors say which layers have experts
};

// Fills config.experts and says which layers have them: those with a router's tensor. `config.experts` says beforehand what
// holds where a key is absent (score, normalised). A file without expert_count has none. Tensors settle the biases and the
// shared expert.
void ExpertsFromGguf(const GgufFields&, const TensorSource&, ModelConfig& config);

// The names of the sizes in config.json.
struct HfExpertKeys {
  std::string_view count = "num_experts", used = "num_experts_per_tok", feed_forward = "moe_intermediate_size";
};
// count, used, feed_forward; every layer has experts.
void ExpertsFromHf(const HfFields&, const HfExpertKeys&, ModelConfig& config);

// Leaves experts only in those layers for which a list of 0 and 1 or true and false holds.
void ExpertsIn(const std::vector<bool>& layers, ModelConfig& config);

// The same as mlp_layer_types says it; false where it is absent.
bool ExpertsFromKinds(const HfFields&, ModelConfig& config);
void ExpertKindsToHf(const ModelConfig& config, boost::json::object& out);

// What ExpertsFromGguf reads.
void ExpertsToGguf(const ModelConfig& config, GgufConfig& out);
void ExpertsToHf(const ModelConfig& config, const HfExpertKeys&, boost::json::object& out);

}  // namespace sheepop
