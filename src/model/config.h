// The shape of a decoder-only transformer: plain data, filled by one architecture (arch/) from a checkpoint's metadata.
// Inference and training share it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/warning.h"
#include "model/rope.h"

namespace sheepop {

enum class NormType { kRms, kLayer };
enum class Activation { kSilu, kGelu, kClampedSwiglu };

// Positions that a context can hold.
inline constexpr size_t kMostContext = size_t{1} << 24;

inline constexpr size_t kNoRope = SIZE_MAX, kOwnKeys = SIZE_MAX;

// What mixes the positions of a layer.
enum class Mixer : uint8_t {
  kAttention,
  kShortConvolution,  // gated, over the last few positions (LFM2, arXiv:2511.23404)
  kDeltaNet,          // a matrix a head that the gated delta rule writes (Yang et al., arXiv:2412.06464)
};

// The heads of a gated delta net. Each head of keys serves value_heads / key_heads heads of values.
struct DeltaNetConfig {
  size_t key_heads = 0, value_heads = 0;
  size_t key_dim = 0, value_dim = 0;  // of a head
  bool alternating = false;           // the key head of value head j is j % key_heads, otherwise neighbours share one

  size_t keys() const { return key_heads * key_dim; }
  size_t values() const { return value_heads * value_dim; }
  size_t channels() const { return 2 * keys() + values(); }  // of the convolution: queries, keys, values
  size_t key_head(size_t value_head) const {
    return alternating ? value_head % key_heads : value_head / (value_heads / key_heads);
  }
  bool operator==(const DeltaNetConfig&) const = default;
};

// Attention over latents (DeepSeek-V2, arXiv:2405.04434). A position keeps one vector that all heads share, `rank` values
// that stand for its keys and values and `rotary` that turn, so kv_heads is 1 and head_dim rank + rotary. Of head h a
// matrix K_h makes of its query's `content` values the rank values that the latent is multiplied with, another one, V_h, its
// `value` values of the weighted latents: K_h of the latent and V_h of the latent would be the head's keys and values.
struct LatentConfig {
  size_t rank = 0;                            // 0: the model has none
  size_t query_rank = 0;                      // of the product that queries are made through; 0: they are made by one
  size_t content = 0, rotary = 0, value = 0;  // of a head

  size_t query() const { return content + rotary; }
  bool operator==(const LatentConfig&) const = default;
};
// Of the norms of latents, whatever the model's own: https://huggingface.co/docs/transformers/model_doc/deepseek_v3.
inline constexpr float kLatentNormEpsilon = 1e-6F;

// What sets one layer apart from the others.
struct LayerShape {
  Mixer mixer = Mixer::kAttention;
  size_t window = 0;      // positions a row sees, its own included; 0: all
  size_t rope = kNoRope;  // index into ModelConfig::ropes; kNoRope: nothing is turned
  bool experts = false;   // a mixture of experts stands in place of the feed-forward
  // Sizes of its own; 0: ModelConfig's.
  size_t kv_heads = 0, head_dim = 0, feed_forward = 0;
  bool values_are_keys = false;  // no product of its own gives the values: they are the keys before norm and rotation
  size_t keys_of = kOwnKeys;  // the earlier layer to whose keys and values it attends, having none; kOwnKeys: its own
  bool operator==(const LayerShape&) const = default;
};

// What a router's logits become: the scores by which experts are chosen and weighed.
enum class RouterScore : uint8_t { kSoftmax, kSigmoid };

// A mixture of experts (Shazeer et al., arXiv:1701.06538): a row goes through those of the largest scores alone.
struct ExpertConfig {
  size_t count = 0;         // of a layer; 0: the model has none
  size_t used = 0;          // chosen for a row
  size_t feed_forward = 0;  // width of one
  RouterScore score = RouterScore::kSoftmax;
  bool router_bias = false;  // on the router's logits
  bool choice_bias = false;  // added to the scores for the choice, not for the weights (arXiv:2408.15664)
  // The choice is made within the best of so many runs of experts, a run's score being the sum of its two best
  // (DeepSeek-V3, arXiv:2412.19437) or its best (DeepSeek-V2, arXiv:2405.04434). 1: among all.
  size_t groups = 1, groups_used = 1;
  bool group_maximum = false;
  bool normalised = true;  // the weights of the chosen are divided by their sum
  float sum_floor = 0;     // added to that sum
  float scale = 1;         // multiplies the weights
  bool bias = false;       // on gate, up and down of every expert

  size_t shared_feed_forward = 0;  // width of the expert that every row goes through besides; 0: there is none
  bool shared_gate = false;        // its result is multiplied by sigmoid(w . x)
  // The feed-forward stays beside the experts, each with norms of its own; the router reads the stream, normed and scaled
  // for itself, and a weight of each expert's own multiplies what it gives (Gemma 4).
  bool beside = false;
  bool operator==(const ExpertConfig&) const = default;
};

// Queries of late positions are multiplied by 1 + scale * ln(1 + floor(position / length)), after the rotation.
struct QueryTemperature {
  float scale = 0;  // 0: none
  size_t length = 1;
  bool operator==(const QueryTemperature&) const = default;
};

struct ModelConfig {
  std::string architecture;  // general.architecture of GGUF: a name from arch/
  std::string name;          // general.name, for people; may be empty

  size_t layers = 0;
  size_t hidden = 0;  // width of the residual stream
  size_t heads = 0;   // query heads
  size_t kv_heads = 0;
  size_t head_dim = 0;
  size_t feed_forward = 0;
  size_t vocab = 0;
  size_t context = 0;  // positions the model was trained for

  NormType norm = NormType::kRms;
  bool norm_bias = true;  // of layer norms
  float norm_epsilon = 1e-5f;
  Activation activation = Activation::kSilu;
  bool gated = true;                  // feed-forward = down(act(gate(x)) * up(x)), otherwise down(act(up(x)))
  bool attention_bias = false;        // on q, k, v
  bool projection_bias = false;       // on the attention output, up and down
  bool query_key_norm = false;        // RMS norm of queries and keys: of each head before the rotation, unless
  bool query_key_norm_whole = false;  // all heads of a position are normed as one vector
  bool query_key_norm_late = false;   // after the rotation
  bool value_norm = false;            // RMS norm without weights of each head's values
  bool attention_gate = false;        // of each head's queries a second half; its sigmoid multiplies the head's result
  bool sinks = false;                 // a logit of each query head that joins the softmax of its scores
  bool pre_norms = true;              // a norm on what each branch reads
  bool post_norms = false;            // a norm on each branch's result before it joins the residual stream
  bool parallel_branches = false;     // attention and feed-forward read the same norm of the same stream
  bool learned_positions = false;     // a table added to the embeddings
  bool layer_scale = false;           // a number of each layer's multiplies the stream behind it
  bool tied_embeddings = true;        // the output projection is the embedding table
  // Width of what each layer reads of the token itself, from a table of its own (per-layer embeddings of Gemma 3n and 4);
  // 0: there is none.
  size_t layer_input = 0;

  float embedding_scale = 1;
  float residual_scale = 1;  // multiplies each branch's result before it joins the residual stream
  float logit_scale = 1;     // multiplies logits, before their soft cap
  QueryTemperature query_temperature;
  float attention_scale = 0;    // multiplies q . k
  float attention_softcap = 0;  // 0: none
  float final_softcap = 0;      // 0: none

  size_t convolution = 0;  // positions that the convolution of a recurrent layer sees, its own included
  DeltaNetConfig delta_net;
  LatentConfig latent;

  ExpertConfig experts;
  std::vector<RopeConfig> ropes;
  std::vector<LayerShape> shapes;  // [layers]

  std::vector<std::string> skipped_tensors;  // beginnings of the names of those that are none of this model's
  std::vector<Warning> warnings;             // what whoever reads the checkpoint should be told

  // Of models whose layers are alike.
  size_t query_width() const { return heads * head_dim; }
  size_t kv_width() const { return kv_heads * head_dim; }

  // Of one layer.
  size_t KvHeads(size_t layer) const { return shapes[layer].kv_heads ? shapes[layer].kv_heads : kv_heads; }
  size_t HeadDim(size_t layer) const { return shapes[layer].head_dim ? shapes[layer].head_dim : head_dim; }
  size_t FeedForward(size_t layer) const {
    return shapes[layer].feed_forward ? shapes[layer].feed_forward : feed_forward;
  }
  size_t QueryWidth(size_t layer) const { return heads * HeadDim(layer); }
  size_t KvWidth(size_t layer) const { return KvHeads(layer) * HeadDim(layer); }
  bool HasKeys(size_t layer) const {
    return shapes[layer].mixer == Mixer::kAttention && shapes[layer].keys_of == kOwnKeys;
  }
  // The largest of all layers.
  size_t MostHeadDim() const;

  // Layers with attention among the first `layers`.
  size_t AttentionLayers(size_t layers) const;
  // Where the keys and values to which a layer attends lie in a cache, which counts layers with keys alone.
  size_t CacheLayer(size_t layer) const;
  // No layer behind this one reads any row but those whose logits are wanted: `layers` where the last one still does.
  size_t LastKeys() const;
  // Floats that the recurrent layers among the first `layers` keep of a sequence: where the next one's state begins.
  size_t StateFloats(size_t layers) const;
};

// Throws kCorrupt, naming the field and its value, unless every size is positive and within what the engine can hold, the
// heads divide, and there is one shape a layer.
void Validate(const ModelConfig& config);

}  // namespace sheepop
