// What the families share when they write a configuration: the reverse of config_reading.h.
#pragma once

#include <boost/json/fwd.hpp>
#include <string_view>

#include "model/architecture.h"

namespace sheepop {

// Keys of GGUF metadata under the family's name.
class GgufKeys {
 public:
  GgufKeys(std::string_view architecture, GgufConfig& out) : prefix_(std::string(architecture) + '.'), out_(out) {}
  void Size(std::string_view field, size_t value);
  void Float(std::string_view field, double value);
  void String(std::string_view field, std::string value);
  void Tensor(std::string_view name, const std::vector<double>& values);  // outside the family's names

 private:
  std::string prefix_;
  GgufConfig& out_;
};

// The shortest decimal that is this float: 1e-05, not 9.99999974e-06.
double ShortDecimal(double value);

// What CommonFromGguf and RopeFromGguf read; the rope is that of `config.ropes[0]`, if there is one.
GgufConfig CommonToGguf(const ModelConfig& config);
// The keys that every config.json has: `type`'s names, vocab_size and tie_word_embeddings.
boost::json::object NamesToHf(const ModelConfig& config, const HfType& type);
// The same and what CommonFromHf and RopeFromHf read; the rope is that of `config.ropes[0]`.
boost::json::object CommonToHf(const ModelConfig& config, const HfType& type);

// layer_types: for each layer whether it has a window.
boost::json::array LayerTypesToHf(const ModelConfig& config);

}  // namespace sheepop
