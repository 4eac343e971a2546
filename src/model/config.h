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
enum class Activation { kSilu, kGelu };

// Positions that a context can hold.
inline constexpr size_t kMostContext = size_t{1} << 24;

inline constexpr size_t kNoRope = SIZE_MAX;

// What sets one layer apart from the others.
struct LayerShape {
  size_t window = 0;      // positions a row sees, its own included; 0: all
  size_t rope = kNoRope;  // index into ModelConfig::ropes; kNoRope: nothing is turned
  bool operator==(const LayerShape&) const = default;
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
  std::vector<LayerShape> shapes;  // [layers]

  std::vector<Warning> warnings;  // what whoever reads the checkpoint should be told

  size_t query_width() const { return heads * head_dim; }
  size_t kv_width() const { return kv_heads * head_dim; }
};

// Throws kCorrupt, naming the field and its value, unless every size is positive and within what the engine can hold, the
// heads divide, and there is one shape a layer.
void Validate(const ModelConfig& config);

}  // namespace sheepop
