#include "generate/model_summary.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <cmath>
#include <type_traits>

#include "base/error.h"
#include "base/utf8.h"
#include "checkpoint/hf_folder.h"
#include "checkpoint/tensor_spec.h"
#include "generate/loaded_model.h"
#include "model/checkpoint_config.h"
#include "model/parameters.h"

namespace sheepop {
namespace {

namespace json = boost::json;

std::string ArchitectureName(const Checkpoint& checkpoint) {
  if (const GgufFile* gguf = checkpoint.gguf()) {
    const Metadata::Entry* entry = gguf->metadata().Find("general.architecture");
    const auto* name = entry ? std::get_if<std::string>(&entry->value) : nullptr;
    return name ? ToValidUtf8(*name) : "";
  }
  const json::value* type = checkpoint.hf()->config.if_contains("model_type");
  return type && type->is_string() ? std::string(type->get_string()) : "";
}

template <typename T>
json::value ScalarJson(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return json::value(ToValidUtf8(value));
  } else if constexpr (std::is_same_v<T, double>) {
    return std::isfinite(value) ? json::value(value) : json::value(nullptr);  // JSON has no infinity
  } else {
    return json::value(value);
  }
}

json::value ValueJson(const Metadata::Entry& entry) {
  return std::visit(
      [](const auto& value) -> json::value {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::vector<uint8_t>>) {
          json::array out;
          for (const uint8_t bit : value) out.emplace_back(bit != 0);
          return out;
        } else if constexpr (requires { typename T::value_type; } && !std::is_same_v<T, std::string>) {
          json::array out;
          out.reserve(value.size());
          for (const auto& element : value) out.push_back(ScalarJson(element));
          return out;
        } else {
          return ScalarJson(value);
        }
      },
      entry.value);
}

json::object ConfigJson(const ModelConfig& config) {
  json::object out{
      {"layers", config.layers},     {"hidden", config.hidden},     {"heads", config.heads},
      {"kv_heads", config.kv_heads}, {"head_dim", config.head_dim}, {"feed_forward", config.feed_forward},
      {"vocab", config.vocab},       {"context", config.context},   {"tied_embeddings", config.tied_embeddings}};
  json::array kinds;
  for (const LayerKind& kind : LayerKinds(config)) {
    kinds.push_back({{"layers", kind.layers},
                     {"kv_heads", kind.kv_heads},
                     {"head_dim", kind.head_dim},
                     {"feed_forward", kind.feed_forward}});
  }
  if (kinds.size() > 1) out["layer_kinds"] = std::move(kinds);
  if (const size_t sharing = LayersThatShareKeys(config); sharing > 0) out["layers_that_share_keys"] = sharing;
  if (const LatentConfig& latent = config.latent; latent.rank > 0) {
    out["latent"] = {{"rank", latent.rank},
                     {"query_rank", latent.query_rank},
                     {"content", latent.content},
                     {"rotary", latent.rotary},
                     {"value", latent.value}};
  }
  if (config.layer_input > 0) {
    out["layer_input"] = config.layer_input;
    out["active_parameters"] = ActiveParameterCount(config);
  }
  const auto layers = std::ranges::count(config.shapes, true, &LayerShape::experts);
  if (layers == 0) return out;
  const ExpertConfig& experts = config.experts;
  out["experts"] = {{"layers", layers},
                    {"count", experts.count},
                    {"used", experts.used},
                    {"feed_forward", experts.feed_forward},
                    {"shared_feed_forward", experts.shared_feed_forward}};
  out["active_parameters"] = ActiveParameterCount(config);
  return out;
}

json::object TokenizerJson(const Tokenizer& tokenizer) {
  const SpecialTokenIds& special = tokenizer.special();
  const auto id = [](std::optional<Token> token) { return token ? json::value(*token) : json::value(nullptr); };
  return {{"tokens", tokenizer.vocab_size()}, {"bos", id(special.bos)},
          {"eos", id(special.eos)},           {"pad", id(special.pad)},
          {"unknown", id(special.unknown)},   {"end", json::array(special.end.begin(), special.end.end())},
          {"add_bos", special.add_bos}};
}

json::array KeysJson(const std::vector<KeyReport>& keys) {
  json::array out;
  for (const KeyReport& key : keys) {
    json::object row{{"key", key.key}, {"value", key.value}, {"treatment", Name(key.treatment)}};
    if (!key.file.empty()) row["file"] = key.file;
    if (!key.why.empty()) row["why"] = key.why;
    out.push_back(std::move(row));
  }
  return out;
}

json::object MetadataJson(const Checkpoint& checkpoint) {
  json::object out;
  if (const GgufFile* gguf = checkpoint.gguf()) {
    for (const Metadata::Entry& entry : gguf->metadata().entries()) out[ToValidUtf8(entry.key)] = ValueJson(entry);
    return out;
  }
  const HfFolder& hf = *checkpoint.hf();
  out["config.json"] = hf.config;
  if (hf.generation_config) out["generation_config.json"] = *hf.generation_config;
  if (hf.tokenizer_config) out["tokenizer_config.json"] = *hf.tokenizer_config;
  return out;
}

}  // namespace

std::vector<LayerKind> LayerKinds(const ModelConfig& config) {
  std::vector<LayerKind> kinds;
  for (size_t layer = 0; layer < config.layers; ++layer) {
    const LayerKind kind{1, config.KvHeads(layer), config.HeadDim(layer), config.FeedForward(layer)};
    const auto found = std::ranges::find_if(kinds, [&](LayerKind other) {
      other.layers = 1;
      return other == kind;
    });
    if (found == kinds.end()) {
      kinds.push_back(kind);
    } else {
      ++found->layers;
    }
  }
  return kinds;
}

size_t LayersThatShareKeys(const ModelConfig& config) {
  return static_cast<size_t>(
      std::ranges::count_if(config.shapes, [](const LayerShape& shape) { return shape.keys_of != kOwnKeys; }));
}

ModelSummary Summarise(const Checkpoint& checkpoint) {
  ModelSummary out;
  out.format = checkpoint.gguf() ? fmt::format("GGUF version {}", checkpoint.gguf()->version()) : "Hugging Face folder";
  out.architecture = ArchitectureName(checkpoint);
  for (const TensorInfo& tensor : checkpoint.tensors().tensors()) {
    out.parameters += ElementCount(tensor.shape).value_or(0);
    out.tensor_bytes += tensor.size();
  }
  try {
    out.config = ConfigOf(checkpoint);
  } catch (const Error& error) {
    out.config_error = error.what();
  }
  try {
    out.keys = KeyReports(checkpoint);
  } catch (const Error&) {
    out.keys.clear();  // config_error says it
  }
  try {
    out.tokenizer = TokenizerOf(checkpoint);
  } catch (const Error& error) {
    out.tokenizer_error = error.what();
  }
  out.chat_template = ChatTemplateOf(checkpoint);
  return out;
}

json::object SummaryJson(const ModelSummary& summary, const Checkpoint& checkpoint) {
  json::array tensors;
  for (const TensorInfo& tensor : checkpoint.tensors().tensors()) {
    tensors.push_back({{"name", ToValidUtf8(tensor.name)},
                       {"shape", json::array(tensor.shape.begin(), tensor.shape.end())},
                       {"type", Info(tensor.type).name},
                       {"bytes", tensor.size()}});
  }
  const auto part = [](const std::optional<json::object>& value, const std::string& error) {
    return value ? *value : json::object{{"error", ToValidUtf8(error)}};
  };
  return {{"model", checkpoint.path().string()},
          {"format", summary.format},
          {"architecture", summary.architecture},
          {"parameter_count", summary.parameters},
          {"tensor_bytes", summary.tensor_bytes},
          {"config",
           part(summary.config ? std::optional(ConfigJson(*summary.config)) : std::nullopt, summary.config_error)},
          {"tokenizer", part(summary.tokenizer ? std::optional(TokenizerJson(*summary.tokenizer)) : std::nullopt,
                             summary.tokenizer_error)},
          {"chat_template",
           summary.chat_template ? json::value(ToValidUtf8(*summary.chat_template)) : json::value(nullptr)},
          {"keys", KeysJson(summary.keys)},
          {"tensors", std::move(tensors)},
          {"metadata", MetadataJson(checkpoint)}};
}

}  // namespace sheepop
