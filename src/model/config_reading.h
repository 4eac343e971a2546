// What the families share when they read a configuration.
#pragma once

#include <boost/json/fwd.hpp>
#include <string_view>

#include "model/architecture.h"
#include "model/config_fields.h"

namespace sheepop {

// The sizes every family names alike: layers, hidden, heads, kv_heads, head_dim, feed_forward, context, norm_epsilon,
// name, vocab (from the embedding table), tied_embeddings (no output tensor). attention_scale is 1 / sqrt(head_dim),
// every layer sees all positions and turns nothing. `norm` says which key holds the epsilon.
ModelConfig CommonFromGguf(const Metadata&, const TensorSource&, std::string_view architecture,
                           NormType norm = NormType::kRms);

// What transformers' class takes for a key that config.json lacks.
struct HfDefaults {
  double norm_epsilon = 1e-6;
  size_t kv_heads = 0;  // 0: as many as heads
  size_t head_dim = 0;  // 0: hidden / heads
};
ModelConfig CommonFromHf(const HfFields&, const TensorSource&, std::string_view architecture, const HfDefaults&);

// hidden / heads where head_dim is 0, then what follows from it and from the number of layers.
void FinishCommon(ModelConfig&);

// The rotary positions of one form: theta, dimensions and scaling. kUnsupported, naming it, for a scaling that is not
// known here.
RopeConfig RopeFromGguf(const GgufFields&, const TensorSource&, const ConfigOptions&, const ModelConfig&);

// How a family of transformers reads its rotary parameters.
struct HfRopeRules {
  double theta = 10000;                    // where none is given
  bool partial = false;                    // partial_rotary_factor is heeded
  std::optional<double> original_context;  // of the class itself, where config.json has none at its top
};
// `parameters`: rope_parameters, rope_scaling or an entry of them, named `name`; may be null.
RopeConfig RopeFromHf(const HfFields& config, const boost::json::object* parameters, std::string_view name,
                      const HfRopeRules&, const ConfigOptions&, const ModelConfig&);
// The parameters of the whole model, for every layer alike.
RopeConfig RopeFromHf(const HfFields& config, const HfRopeRules&, const ConfigOptions&, const ModelConfig&);

// Makes every layer use it.
void UseOneRope(RopeConfig, ModelConfig&);
// Gives every layer the window; 0: none.
void UseOneWindow(size_t window, ModelConfig&);

}  // namespace sheepop
