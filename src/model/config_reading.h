// What the families share when they read a configuration.
#pragma once

#include <boost/json/fwd.hpp>
#include <functional>
#include <string_view>

#include "model/architecture.h"
#include "model/config_fields.h"

namespace sheepop {

// The sizes every family names alike: layers, hidden, heads, kv_heads, head_dim, feed_forward, context, norm_epsilon,
// name, vocab (from the embedding table), tied_embeddings (no output tensor). attention_scale is 1 / sqrt(head_dim),
// every layer sees all positions and turns nothing.
struct GgufRules {
  NormType norm = NormType::kRms;           // says which key holds the epsilon
  Mixer without_heads = Mixer::kAttention;  // of layers without key heads, if that is not attention
  bool own_sizes = false;  // layers may have their own number of key heads and width of the feed-forward
};
ModelConfig CommonFromGguf(const Metadata&, const TensorSource&, std::string_view architecture, const GgufRules& = {});

// What transformers' class takes for a key that config.json lacks.
struct HfDefaults {
  double norm_epsilon = 1e-6;
  std::string_view epsilon_key = "rms_norm_eps";
  std::string_view feed_forward_key = "intermediate_size";
  size_t kv_heads = 0;  // 0: as many as heads
  size_t head_dim = 0;  // 0: hidden / heads
  bool tied = false;
};
ModelConfig CommonFromHf(const HfFields&, const TensorSource&, std::string_view architecture, const HfDefaults&);

// Whether tie_word_embeddings (`otherwise` where it is absent) and the tensors agree that the embedding table is the
// output. An output of its own is used whatever the key says, as transformers does.
bool TiedFromHf(const HfFields&, const TensorSource&, bool otherwise);
// vocab_size, where it is there, must be the number of rows of the table.
void CheckVocab(const HfFields&, std::string_view table, size_t rows);
// Tells that `field` is missing and what is taken for it.
double EpsilonFromHf(const HfFields&, std::string_view field, double otherwise, ModelConfig&);
// Of a class that reads images or sound, too: `read` of its text_config. What it says outside of tie_word_embeddings counts,
// `tied` where that is absent.
ModelConfig InsideFromHf(const HfFields&, const TensorSource&, bool tied,
                         const std::function<ModelConfig(const HfFields&)>& read);
// What the key `field` names, `otherwise` where it is absent. kUnsupported for an activation without a kernel.
Activation ActivationFromHf(const HfFields&, std::string_view field, std::string_view otherwise, bool gated = true);

// Tensors of other models in the same file, whose names begin so: they are left alone, which is told. `what` they are.
void SkipTensors(const TensorSource&, std::string_view beginning, std::string_view what, ModelConfig&);

// sliding_window: positions, 0 for null; `otherwise` where it is absent.
size_t WindowFromHf(const HfFields&, size_t otherwise);
// Windows by layer_types; false when there are none.
bool WindowsFromLayerTypes(const HfFields&, size_t window, ModelConfig&);

// Every `period`-th layer sees everything, the others the window.
void AlternateWindows(size_t window, size_t period, ModelConfig&);
// attention.sliding_window_pattern: a period (`otherwise` where it is absent), or for each layer whether it has the window.
void WindowsFromGguf(const GgufFields&, size_t window, size_t otherwise, ModelConfig&);

// hidden / heads where head_dim is 0, then what follows from it and from the number of layers.
void FinishCommon(ModelConfig&);

// The rotary positions of one form: theta, dimensions and scaling. kUnsupported, naming it, for a scaling that is not
// known here.
RopeConfig RopeFromGguf(const GgufFields&, const TensorSource&, const ConfigOptions&, const ModelConfig&);

// How a class of transformers reads its rotary parameters.
struct HfRopeRules {
  double theta = 10000;                       // where none is given
  std::string_view theta_key = "rope_theta";  // of config.json, where the parameters have none
  std::string_view types = "default, linear, llama3, yarn, longrope";
  bool partial = false;                         // partial_rotary_factor is heeded
  double share = 1;                             // of a head that is turned, where nothing says it
  bool old_longrope_names = false;              // "su" and "yarn" are older names of longrope
  bool nested = false;                          // the parameters are those of some layers
  std::optional<double> original_context = {};  // of the class itself, where config.json has none at its top
};
// `parameters`: rope_parameters, rope_scaling or an entry of them, named `name`; may be null.
RopeConfig RopeFromHf(const HfFields& config, const boost::json::object* parameters, std::string_view name,
                      const HfRopeRules&, const ConfigOptions&, const ModelConfig&);
// The parameters of the whole model, for every layer alike.
RopeConfig RopeFromHf(const HfFields& config, const HfRopeRules&, const ConfigOptions&, const ModelConfig&);

// The same of families whose layers with a window have rotary parameters of their own. rope_parameters holds those of
// either kind; the older rope_scaling is that of layers without a window.
void TwoRopesFromHf(const HfFields& config, const HfRopeRules& global, const HfRopeRules& local, const ConfigOptions&,
                    ModelConfig&);

// Layers with a window turn by `local`.
void UseTwoRopes(RopeConfig global, RopeConfig local, ModelConfig&);
// Makes every layer use it.
void UseOneRope(RopeConfig, ModelConfig&);
// Makes no layer turn anything; the ropes stay what they were.
void TurnNothing(ModelConfig&);
// Gives every layer the window; 0: none.
void UseOneWindow(size_t window, ModelConfig&);

}  // namespace sheepop
