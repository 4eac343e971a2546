// What a checkpoint holds, gathered without reading weights. A part that cannot be read is reported with the reason:
// the rest is still worth seeing.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "model/config.h"
#include "model/key_table.h"
#include "tokenize/tokenizer.h"

namespace sheepop {

struct ModelSummary {
  std::string format;        // "GGUF version 3", "Hugging Face folder"
  std::string architecture;  // as the file names it; empty when it does not
  uint64_t parameters = 0;   // numbers in all tensors
  uint64_t tensor_bytes = 0;
  std::optional<ModelConfig> config;
  std::string config_error;     // why there is no config
  std::vector<KeyReport> keys;  // what becomes of each key; none where the family is not known
  std::shared_ptr<const Tokenizer> tokenizer;
  std::string tokenizer_error;
  std::optional<std::string> chat_template;
};

ModelSummary Summarise(const Checkpoint& checkpoint);

// Layers of the same sizes, in the order of the first of each.
struct LayerKind {
  size_t layers = 0;
  size_t kv_heads, head_dim, feed_forward;
  bool operator==(const LayerKind&) const = default;
};
std::vector<LayerKind> LayerKinds(const ModelConfig& config);
// Those that read keys and values of earlier ones.
size_t LayersThatShareKeys(const ModelConfig& config);

// Complete, long arrays included.
boost::json::object SummaryJson(const ModelSummary& summary, const Checkpoint& checkpoint);

}  // namespace sheepop
