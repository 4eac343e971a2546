// What the families share when they write a configuration: the reverse of config_reading.h.
#pragma once

#include <boost/json/fwd.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/architecture.h"

namespace sheepop {

// Keys of GGUF metadata under the family's name.
class GgufKeys {
 public:
  GgufKeys(std::string_view architecture, GgufConfig& out) : prefix_(std::string(architecture) + '.'), out_(out) {}
  void Size(std::string_view field, size_t value);
  void Float(std::string_view field, double value);
  void Bool(std::string_view field, bool value);
  void Sizes(std::string_view field, std::vector<int64_t> values);
  void Flags(std::string_view field, const std::vector<bool>& values);
  void String(std::string_view field, std::string value);
  void Tensor(std::string_view name, const std::vector<double>& values);  // outside the family's names

 private:
  std::string prefix_;
  GgufConfig& out_;
};

// The shortest decimal that is this float: 1e-05, not 9.99999974e-06.
double ShortDecimal(double value);
// The shortest decimal near `exact` that `same` accepts; `exact` where none of nine digits does.
double ShortestDecimal(double exact, const std::function<bool(double)>& same);

// What CommonFromGguf and RopeFromGguf read; the rope is that of `config.ropes[0]`, if there is one.
GgufConfig CommonToGguf(const ModelConfig& config);
// The keys that every config.json has: `type`'s names, vocab_size and tie_word_embeddings.
boost::json::object NamesToHf(const ModelConfig& config, const HfType& type);
// The same and what CommonFromHf and RopeFromHf read; the rope is that of `config.ropes[0]`.
boost::json::object CommonToHf(const ModelConfig& config, const HfType& type);

// layer_types: for each layer whether it has a window.
boost::json::array LayerTypesToHf(const ModelConfig& config);
std::vector<bool> WindowFlags(const ModelConfig& config);

// rope_parameters: what transformers 5 states at one place, theta among it.
boost::json::object RopeParametersToHf(const RopeConfig& rope);

}  // namespace sheepop
