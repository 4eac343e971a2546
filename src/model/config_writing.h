// A configuration back to metadata, for GGUF files and Hugging Face folders: the reverse of reading.h.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "model/architecture.h"

namespace sheepop {

// What ModelConfig holds only as frequencies, by its parts.
struct RopeSettings {
  double theta = 10000, local_theta = 10000;        // local: Gemma 3's layers with a window
  std::string scaling;                              // empty, "linear", "llama3" or "longrope"
  double factor = 1, low = 1, high = 4;             // linear and llama3
  double original_context = 0;                      // llama3 and longrope
  double attention_factor = 0;                      // longrope; 0: computed from the contexts
  std::vector<double> divisors;                     // [pairs], llama3 in GGUF
  std::vector<double> short_factors, long_factors;  // [pairs], longrope
};

// kUnsupported for divisors (rope_freqs.weight) that are not Llama 3's formula, which config.json cannot say.
RopeSettings RopeSettingsFromGguf(const Metadata&, const TensorSource&, const ModelConfig&);
RopeSettings RopeSettingsFromHf(const boost::json::object& config, const ModelConfig&);

// The keys of the architecture; the tokenizer's are not among them.
void SetGgufConfig(const ModelConfig&, const RopeSettings&, Metadata&);
// config.json, without token ids and dtype.
boost::json::object HfConfig(const ModelConfig&, const RopeSettings&);

// kUnsupported, naming the first field that differs: what was written would compute something else.
void RequireSameModel(const ModelConfig& wanted, const ModelConfig& written);

}  // namespace sheepop
