// What differs between model families, one file each: how the configuration is read, where each parameter lies in a
// checkpoint, and the straight-line layer.
#pragma once

#include <boost/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/metadata.h"
#include "checkpoint/tensor_source.h"
#include "model/config.h"
#include "model/parameters.h"

namespace sheepop {

class DecoderPass;

// Where one parameter lies.
struct Location {
  std::string tensor;
  bool slice = false;  // only rows [row_begin, row_begin + rows) of a larger tensor (fused q, k, v)
  size_t row_begin = 0;
  bool transposed = false;  // stored [cols, rows] (GPT-2's Conv1D)
  float offset = 0;         // added to every value (Gemma's norms in Hugging Face folders store weight - 1)
};

// How large the context will be: LongRoPE picks its factors by it. 0: the model's own.
struct ConfigOptions {
  size_t context = 0;
};

struct Architecture {
  std::string_view name;                             // general.architecture
  std::span<const std::string_view> hf_model_types;  // config.json's model_type; the first is the one written
  std::string_view hf_class;                         // config.json's architectures

  // Throw kCorrupt or kUnsupported, naming the key. The tensors settle what metadata leaves open (tied embeddings,
  // vocabulary, rotary factors).
  ModelConfig (*from_gguf)(const Metadata&, const TensorSource&, const ConfigOptions&);
  ModelConfig (*from_hf)(const boost::json::object& config, const TensorSource&, const ConfigOptions&);

  Location (*locate_gguf)(const ModelConfig&, const Parameter&, const TensorSource&);
  Location (*locate_hf)(const ModelConfig&, const Parameter&, const TensorSource&);

  void (*layer)(DecoderPass& pass, size_t layer);
};

extern const Architecture kLlama, kQwen2, kQwen3, kGemma2, kGemma3, kGpt2, kPhi3;

// kUnsupported, naming the architecture and the ones there are, when unknown.
const Architecture& ArchitectureByName(std::string_view gguf_name);
const Architecture& ArchitectureByHfType(std::string_view model_type);

}  // namespace sheepop
