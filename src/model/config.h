// The shape of a decoder-only transformer: plain data, filled by one architecture (arch/) from a checkpoint's metadata.
// Inference and training share it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace sheepop {

enum class NormType { kRms, kLayer };
enum class Activation { kSilu, kGelu };

// One set of rotary frequencies; layers name theirs by index.
struct RopeConfig {
  std::vector<double> frequencies;  // [pairs], radians a position; empty: no rotation
  float factor = 1;                 // multiplies cosines and sines (LongRoPE)
  bool interleaved = false;         // pairs (2i, 2i + 1) instead of (i, i + pairs)
};

struct ModelConfig {
  std::string architecture;  // "llama", ...: a name from arch/
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
  float norm_epsilon = 1e-5f;
  Activation activation = Activation::kSilu;
  bool gated = true;               // feed-forward = down(act(gate(x)) * up(x)), otherwise down(act(up(x)))
  bool attention_bias = false;     // on q, k, v
  bool projection_bias = false;    // on the attention output, up and down
  bool query_key_norm = false;     // RMS norm of each query and key head before the rotation
  bool post_norms = false;         // a norm on each branch's result before it joins the residual stream
  bool learned_positions = false;  // a table added to the embeddings
  bool tied_embeddings = true;     // the output projection is the embedding table

  float embedding_scale = 1;
  float attention_scale = 0;    // multiplies q . k
  float attention_softcap = 0;  // 0: none
  float final_softcap = 0;      // 0: none

  std::vector<RopeConfig> ropes;
  std::vector<size_t> layer_rope;    // [layers], index into ropes
  std::vector<size_t> layer_window;  // [layers], positions a row sees, its own included; 0: all

  size_t query_width() const { return heads * head_dim; }
  size_t kv_width() const { return kv_heads * head_dim; }
};

// Throws kCorrupt, naming the field and its value, unless every size is positive and within what the engine can hold, the
// heads divide, and the per-layer lists have one entry a layer.
void Validate(const ModelConfig& config);

// theta^(-2i / dims) for i in [0, dims / 2): the plain rotary frequencies.
std::vector<double> RopeFrequencies(double theta, size_t dims);

}  // namespace sheepop
