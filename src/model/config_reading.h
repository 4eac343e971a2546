// What the architectures share when they read a configuration.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "model/architecture.h"

namespace sheepop {

// "ARCHITECTURE.field" of GGUF metadata.
class GgufFields {
 public:
  GgufFields(const Metadata& metadata, std::string_view architecture)
      : metadata_(metadata), prefix_(std::string(architecture) + '.') {}

  size_t Size(std::string_view field) const;  // kCorrupt when absent, negative or no integer
  std::optional<size_t> OptionalSize(std::string_view field) const;
  double Float(std::string_view field) const;
  double Float(std::string_view field, double otherwise) const;
  const std::string* String(std::string_view field) const { return metadata_.String(prefix_ + std::string(field)); }

 private:
  const Metadata& metadata_;
  std::string prefix_;
};

// Fields of config.json; null counts as absent.
class HfFields {
 public:
  explicit HfFields(const boost::json::object& object) : object_(object) {}

  size_t Size(std::string_view field) const;
  std::optional<size_t> OptionalSize(std::string_view field) const;
  double Float(std::string_view field, double otherwise) const;
  bool Bool(std::string_view field, bool otherwise) const;
  std::optional<std::string> String(std::string_view field) const;
  const boost::json::object* Object(std::string_view field) const;
  const boost::json::array* Array(std::string_view field) const;

 private:
  const boost::json::value* Find(std::string_view field) const;
  const boost::json::object& object_;
};

// The sizes every architecture names alike: layers, hidden, heads, kv_heads, head_dim, feed_forward, context,
// norm_epsilon, name, vocab (from the embedding table), tied_embeddings (no output tensor). attention_scale is
// 1 / sqrt(head_dim), every layer sees all positions.
ModelConfig CommonFromGguf(const Metadata&, const TensorSource&, const Architecture&);
ModelConfig CommonFromHf(const boost::json::object&, const TensorSource&, const Architecture&);

// Adds one RopeConfig and makes every layer use it: theta, linear scaling and Llama 3's or LongRoPE's factors as the
// metadata says. kUnsupported, naming it, for another scaling.
void RopeFromGguf(const Metadata&, const TensorSource&, const Architecture&, const ConfigOptions&, ModelConfig&);
// `rope` is config.json itself, or a rope_parameters entry of it.
RopeConfig RopeFromHf(const boost::json::object& config, const boost::json::object* rope_parameters, double theta,
                      const ConfigOptions&, const ModelConfig&);
// rope_parameters or rope_scaling of the whole model, for every layer alike.
void RopeFromHf(const boost::json::object& config, const ConfigOptions&, ModelConfig&);
void UseOneRope(RopeConfig rope, ModelConfig& config);

// A parameter under its own GGUF name.
Location LocateGguf(const ModelConfig&, const Parameter&, const TensorSource&);
// "model.layers.N.self_attn.q_proj.weight" and so on, the names that most families share.
Location LocateHf(const ModelConfig&, const Parameter&, const TensorSource&);

}  // namespace sheepop
