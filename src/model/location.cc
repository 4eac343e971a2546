#include "model/location.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace sheepop {

namespace {

// The row of attn_qkv where a role begins; nullopt for those that are no part of it.
std::optional<size_t> RowOfFused(const ModelConfig& config, const Parameter& parameter) {
  const size_t queries = config.QueryWidth(parameter.layer);
  switch (parameter.role) {
    case Role::kQuery:
    case Role::kQueryBias: return 0;
    case Role::kKey:
    case Role::kKeyBias: return queries;
    case Role::kValue:
    case Role::kValueBias: return queries + config.KvWidth(parameter.layer);
    default: return std::nullopt;
  }
}

// Of an expert: in the tensor of all, in one of its own as older files have it, or above or below the other in the fused one.
Location LocateGgufExpert(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  Location out{parameter.name};
  out.entry = parameter.expert;
  out.entries = config.experts.count;
  if (source.Find(parameter.name)) return out;
  const std::string of_one = fmt::format("blk.{}.ffn_{}.{}.weight", parameter.layer,
                                         parameter.role == Role::kExpertGate ? "gate"
                                         : parameter.role == Role::kExpertUp ? "up"
                                                                             : "down",
                                         parameter.expert);
  if (source.Find(of_one)) return {of_one};
  const bool gate = parameter.role == Role::kExpertGate || parameter.role == Role::kExpertGateBias;
  const bool down = parameter.role == Role::kExpertDown || parameter.role == Role::kExpertDownBias;
  const std::string fused =
      fmt::format("blk.{}.ffn_gate_up_exps.{}", parameter.layer, parameter.is_matrix() ? "weight" : "bias");
  if (down || !source.Find(fused)) return out;
  out.tensor = fused;
  out.slice = true;
  out.row_begin = gate ? 0 : config.experts.feed_forward;
  return out;
}

TensorInfo PartOf(const Location& location, const TensorInfo& tensor) {
  const size_t end = location.part_begin + location.part_rows;
  if (tensor.shape.size() != 2 || tensor.shape[0] < end) {
    throw Error(ErrorCategory::kCorrupt, "tensor {} has shape [{}], the model needs two numbers, the first at least {}",
                tensor.name, fmt::join(tensor.shape, ", "), end);
  }
  TensorInfo out = tensor;
  const size_t row_bytes = tensor.bytes.size() / tensor.shape[0];
  out.shape[0] = location.part_rows;
  out.bytes = tensor.bytes.subspan(location.part_begin * row_bytes, location.part_rows * row_bytes);
  return out;
}

}  // namespace

TensorInfo EntryOf(const Location& location, const TensorInfo& tensor) {
  if (!location.shape.empty()) {
    TensorInfo out = tensor;
    out.shape = {std::accumulate(tensor.shape.begin(), tensor.shape.end(), uint64_t{1}, std::multiplies())};
    return out;
  }
  if (location.part_rows > 0) return PartOf(location, tensor);
  if (location.entries == 0) return tensor;
  if (tensor.shape.size() < 2 || tensor.shape[0] != location.entries) {
    throw Error(ErrorCategory::kCorrupt, "tensor {} has shape [{}], its first number must be {}", tensor.name,
                fmt::join(tensor.shape, ", "), location.entries);
  }
  TensorInfo out = tensor;
  out.shape.erase(out.shape.begin());
  const size_t bytes = tensor.size() / location.entries;
  return out.Part(location.entry * bytes, bytes);
}

bool MayBeScaled(const Parameter& parameter) {
  return parameter.is_matrix() && parameter.role != Role::kTokenEmbedding && parameter.role != Role::kPositionEmbedding;
}

std::string ScaleName(const Location& location) {
  constexpr std::string_view kWeight = ".weight";
  const std::string& name = location.tensor;
  return name.ends_with(kWeight) ? name.substr(0, name.size() - kWeight.size()) + ".scale" : "";
}

float ScaleOf(const Location& location, const TensorInfo* scale) {
  if (!scale) return 1;
  const bool of_all = scale->shape == std::vector<uint64_t>{1};
  const bool of_each = location.entries > 0 && scale->shape == std::vector<uint64_t>{location.entries};
  float value = 1;
  if (scale->type == DType::kF32 && (of_all || of_each)) {
    std::memcpy(&value, scale->bytes.data() + (of_each ? location.entry : 0) * sizeof(float), sizeof(float));
    if (std::isfinite(value)) return value;
  }
  throw Error(ErrorCategory::kCorrupt, "tensor {} of type {} and shape [{}] is no scale of {}: finite F32, [1]{}",
              scale->name, Info(scale->type).name, fmt::join(scale->shape, ", "), location.tensor,
              location.entries > 0 ? fmt::format(" or [{}]", location.entries) : "");
}

Location Flat(std::string tensor, std::vector<uint64_t> shape) {
  Location out{std::move(tensor)};
  out.shape = std::move(shape);
  return out;
}

Location LocateGguf(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  if (IsOfExpert(parameter.role)) return LocateGgufExpert(config, parameter, source);
  const auto row = RowOfFused(config, parameter);
  if (!row || source.Find(parameter.name)) return {parameter.name};
  const std::string fused =
      fmt::format("blk.{}.attn_qkv.{}", parameter.layer, parameter.is_matrix() ? "weight" : "bias");
  if (!source.Find(fused)) return {parameter.name};
  return {fused, true, *row};
}

std::string NameInHf(const TensorSource& source, const std::string& name) {
  constexpr std::string_view kModel = "model.";
  if (source.Find(name)) return name;
  const std::string rest = name.starts_with(kModel) ? name.substr(kModel.size()) : name;
  for (const std::string& other : {"model.language_model." + rest, "language_model." + name}) {
    if (source.Find(other)) return other;
  }
  return name;
}

Location LocateHf(const ModelConfig&, const Parameter& parameter, const TensorSource& source) {
  struct Name {
    Role role;
    std::string_view name;
  };
  static constexpr std::array<Name, 18> kNames = {{
      {Role::kAttentionNorm, "input_layernorm.weight"},
      {Role::kQuery, "self_attn.q_proj.weight"},
      {Role::kQueryBias, "self_attn.q_proj.bias"},
      {Role::kKey, "self_attn.k_proj.weight"},
      {Role::kKeyBias, "self_attn.k_proj.bias"},
      {Role::kValue, "self_attn.v_proj.weight"},
      {Role::kValueBias, "self_attn.v_proj.bias"},
      {Role::kQueryNorm, "self_attn.q_norm.weight"},
      {Role::kKeyNorm, "self_attn.k_norm.weight"},
      {Role::kAttentionOutput, "self_attn.o_proj.weight"},
      {Role::kFeedForwardNorm, "post_attention_layernorm.weight"},
      {Role::kGate, "mlp.gate_proj.weight"},
      {Role::kUp, "mlp.up_proj.weight"},
      {Role::kDown, "mlp.down_proj.weight"},
      {Role::kTokenEmbedding, "embed_tokens.weight"},
      {Role::kOutputNorm, "norm.weight"},
      {Role::kPostAttentionNorm, "post_attention_layernorm.weight"},
      {Role::kPostFeedForwardNorm, "post_feedforward_layernorm.weight"},
  }};
  if (parameter.role == Role::kOutput) return {NameInHf(source, "lm_head.weight")};
  const auto found = std::ranges::find(kNames, parameter.role, &Name::role);
  if (found == kNames.end()) {
    throw Error(ErrorCategory::kUnsupported, "{} has no place in a Hugging Face folder", parameter.name);
  }
  const bool outside = parameter.role == Role::kTokenEmbedding || parameter.role == Role::kOutputNorm;
  return {NameInHf(source, outside ? fmt::format("model.{}", found->name)
                                   : fmt::format("model.layers.{}.{}", parameter.layer, found->name))};
}

Location LocateHfExperts(const HfExpertNames& names, const ModelConfig& config, const Parameter& parameter,
                         const TensorSource& source) {
  const auto in_layer = [&](auto&&... parts) {
    std::string out = fmt::format("model.layers.{}.", parameter.layer);
    (out.append(parts), ...);
    return NameInHf(source, out);
  };
  std::string_view part = names.gate;
  switch (parameter.role) {
    case Role::kRouter: return {in_layer(names.router)};
    case Role::kExpertChoiceBias: return {in_layer(names.choice_bias)};
    case Role::kSharedInput: return Flat(in_layer(names.shared_input), {1, config.hidden});
    case Role::kSharedGate: return {in_layer(names.shared, ".gate_proj.weight")};
    case Role::kSharedUp: return {in_layer(names.shared, ".up_proj.weight")};
    case Role::kSharedDown: return {in_layer(names.shared, ".down_proj.weight")};
    case Role::kExpertGate: break;
    case Role::kExpertUp: part = names.up; break;
    case Role::kExpertDown: part = names.down; break;
    default: return LocateHf(config, parameter, source);
  }
  const bool down = parameter.role == Role::kExpertDown;
  const std::string of_all = in_layer(down ? names.down_of_all : names.gate_up_of_all);
  if (!names.together && !source.Find(of_all)) {
    return {in_layer(names.experts, ".", std::to_string(parameter.expert), ".", part, ".weight")};
  }
  Location out{of_all};
  out.entry = parameter.expert;
  out.entries = config.experts.count;
  out.slice = !down;
  out.row_begin = parameter.role == Role::kExpertUp ? config.experts.feed_forward : 0;
  return out;
}

}  // namespace sheepop
