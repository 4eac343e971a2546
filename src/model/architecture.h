// What differs between model families, one file each in arch/: how a configuration is read and written, where each
// parameter lies in a checkpoint, and the straight-line layer.
#pragma once

#include <boost/json/fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoint/metadata.h"
#include "checkpoint/tensor_source.h"
#include "model/config.h"
#include "model/key_table.h"
#include "model/location.h"

namespace sheepop {

class DecoderPass;

// How large the context will be: LongRoPE picks its factors by it. 0: the model's own.
struct ConfigOptions {
  size_t context = 0;
};

// What a GGUF file states of a configuration: keys, without the tokenizer's, and the tensors that are no parameters.
struct GgufConfig {
  Metadata metadata;
  std::vector<std::pair<std::string, std::vector<float>>> tensors;  // rows of F32
};

struct HfType {
  std::string_view model_type;    // of config.json
  std::string_view class_name;    // its "architectures"
  std::span<const KeyRule> keys;  // that this class of transformers reads besides, or otherwise than, the usual ones
  bool usual_keys = true;         // sizes and rotary parameters have the names that most families share
  bool nested = false;            // the language model's configuration is text_config, which names a type of its own
};

struct Architecture {
  std::string_view name;    // general.architecture
  std::string_view models;  // that have it, for people
  std::span<const HfType> hf_types;
  std::span<const KeyRule> gguf_keys;  // without the name in front; besides, or otherwise than, the usual ones
  bool gguf_rope;                      // the keys of rotary positions and RMS norms are read

  // Throw kCorrupt or kUnsupported, naming the key. The tensors settle what metadata leaves open (tied embeddings,
  // vocabulary, rotary factors).
  ModelConfig (*from_gguf)(const Metadata&, const TensorSource&, const ConfigOptions&);
  ModelConfig (*from_hf)(const boost::json::object& config, const TensorSource&, const ConfigOptions&);

  // The reverse, as far as the form can state the model: what is read again may differ. `to_hf` gives config.json
  // without token ids and dtype.
  GgufConfig (*to_gguf)(const ModelConfig&);
  boost::json::object (*to_hf)(const ModelConfig&);

  Locate locate_gguf, locate_hf;

  void (*layer)(DecoderPass& pass, size_t layer);
};

std::span<const Architecture* const> AllArchitectures();
// kUnsupported, naming the architecture and the ones there are, when unknown.
const Architecture& ArchitectureByName(std::string_view gguf_name);
const Architecture& ArchitectureByHfType(std::string_view model_type);
const HfType& HfTypeByName(std::string_view model_type);

}  // namespace sheepop
