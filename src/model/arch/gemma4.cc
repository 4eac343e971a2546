// Gemma 4: layers with a window and layers without, whose heads differ in size and number; normed values; keys and values
// that the last layers take from earlier ones; layers that read the token itself, and a number of each that multiplies the
// stream; or a mixture of experts beside every feed-forward. https://huggingface.co/docs/transformers/model_doc/gemma4.
#include <fmt/core.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <cmath>

#include "model/expert_reading.h"
#include "model/layers.h"
#include "model/limits.h"

namespace sheepop {
namespace {

constexpr std::string_view kName = "gemma4", kUnifiedText = "gemma4_unified_text";
constexpr std::string_view kRopes = "rotary parameters outside of rope_parameters";
constexpr KeyRule kKeys[] = {
    {"hidden_activation"},
    {"hidden_act", KeyUse::kHarmless},  // the class reads hidden_activation
    {"sliding_window"},
    {"layer_types"},
    {"global_head_dim"},
    {"num_global_key_value_heads"},
    {"per_layer_config"},
    {"attention_k_eq_v"},
    {"num_kv_shared_layers"},
    {"use_double_wide_mlp"},
    {"hidden_size_per_layer_input"},
    {"vocab_size_per_layer_input"},
    {"enable_moe_block"},
    {"num_experts"},
    {"num_local_experts"},
    {"top_k_experts"},
    {"moe_intermediate_size"},
    {"final_logit_softcapping"},
    {"attention_bias", KeyUse::kOnly, "[false]", "biases in this family"},
    {"use_bidirectional_attention", KeyUse::kOnly, "[\"vision\"]", "attention to what comes later"},
    {"rope_scaling", KeyUse::kOnly, "[]", kRopes},
    {"partial_rotary_factor", KeyUse::kOnly, "[]", kRopes},
    {"output_router_logits", KeyUse::kHarmless},
    {"router_aux_loss_coef", KeyUse::kHarmless},
};
constexpr KeyRule kNestedKeys[] = {
    {"boi_token_id", KeyUse::kHarmless},  // of what reads images and sound
    {"eoi_token_id", KeyUse::kHarmless},   {"boa_token_id", KeyUse::kHarmless},
    {"eoa_token_id", KeyUse::kHarmless},   {"eoa_token_index", KeyUse::kHarmless},
    {"image_token_id", KeyUse::kHarmless}, {"video_token_id", KeyUse::kHarmless},
    {"audio_token_id", KeyUse::kHarmless}, {"vision_soft_tokens_per_image", KeyUse::kHarmless},
};
constexpr KeyRule kGgufOwnKeys[] = {
    {"attention.sliding_window"},   {"attention.sliding_window_pattern"}, {"attention.key_length_swa"},
    {"attention.value_length_swa"}, {"attention.shared_kv_layers"},       {"rope.freq_base_swa"},
    {"rope.dimension_count_swa"},   {"embedding_length_per_layer_input"}, {"final_logit_softcapping"},
};
constexpr auto kGgufKeys = JoinKeys(kGgufOwnKeys, kGgufExpertKeys);
constexpr HfType kHfTypes[] = {{"gemma4_text", "Gemma4ForCausalLM", kKeys},
                               {kUnifiedText, "Gemma4UnifiedForCausalLM", kKeys},
                               {"gemma4", "Gemma4ForConditionalGeneration", kNestedKeys, false, true},
                               {"gemma4_unified", "Gemma4UnifiedForConditionalGeneration", kNestedKeys, false, true}};
constexpr HfExpertKeys kExpertKeys{.used = "top_k_experts"};
constexpr HfExpertNames kExpertNames{.router = "router.proj.weight",
                                     .gate_up_of_all = "experts.gate_up_proj",
                                     .down_of_all = "experts.down_proj",
                                     .together = true};
constexpr double kGlobalTheta = 1e6, kLocalTheta = 10000, kTurned = 0.25;
constexpr size_t kPeriod = 6;          // one in so many layers sees everything
constexpr double kStandsStill = 1e29;  // files divide the frequencies of pairs that do not turn by more

void Common(ModelConfig& config) {
  config.post_norms = true;
  config.query_key_norm = true;
  config.value_norm = true;
  config.activation = Activation::kGelu;
  config.embedding_scale = std::sqrt(static_cast<float>(config.hidden));
  config.attention_scale = 1;
}

struct Sizes {
  size_t head_dim, kv_heads, feed_forward;
};

// The model's sizes become those of the first layer with a window, or of the first one; what differs is a layer's own.
void SetSizes(const std::vector<Sizes>& sizes, ModelConfig& config) {
  const auto windowed = std::ranges::find_if(config.shapes, [](const LayerShape& shape) { return shape.window > 0; });
  const size_t usual = windowed == config.shapes.end() ? 0 : static_cast<size_t>(windowed - config.shapes.begin());
  config.head_dim = sizes[usual].head_dim;
  config.kv_heads = sizes[usual].kv_heads;
  config.feed_forward = sizes[0].feed_forward;
  const auto own = [](size_t size, size_t of_model) { return size == of_model ? 0 : size; };
  for (size_t layer = 0; layer < sizes.size(); ++layer) {
    LayerShape& shape = config.shapes[layer];
    shape.head_dim = own(sizes[layer].head_dim, config.head_dim);
    shape.kv_heads = own(sizes[layer].kv_heads, config.kv_heads);
    shape.feed_forward = own(sizes[layer].feed_forward, config.feed_forward);
  }
}

// The last `shared` layers take keys and values from the last layer before them that has the same view. False where there
// is none for one of them.
bool ShareKeys(size_t shared, ModelConfig& config) {
  if (shared >= config.layers) return false;
  const size_t first = config.layers - shared;
  for (size_t layer = first; layer < config.layers; ++layer) {
    size_t of = first;
    while (of > 0 && config.shapes[of - 1].window != config.shapes[layer].window) --of;
    if (of == 0) return false;
    config.shapes[layer].keys_of = of - 1;
  }
  return true;
}

// Sharing layers of some files have products of their own that nothing reads.
void SkipUnread(const TensorSource& tensors, bool gguf, ModelConfig& config) {
  for (size_t layer = 0; layer < config.layers; ++layer) {
    if (config.HasKeys(layer)) continue;
    for (const std::string_view part : {"k", "v"}) {
      for (const bool norm : {false, true}) {
        const std::string name =
            gguf ? fmt::format("blk.{}.attn_{}{}.", layer, part, norm ? "_norm" : "")
                 : fmt::format("model.layers.{}.self_attn.{}_{}.", layer, part, norm ? "norm" : "proj");
        config.skipped_tensors.push_back(gguf ? name : NameInHf(tensors, name + "weight"));
      }
    }
  }
}

// The size of heads of the layers that see everything.
size_t GlobalHeadDim(const ModelConfig& config) {
  for (size_t layer = 0; layer < config.layers; ++layer) {
    if (config.shapes[layer].window == 0) return config.HeadDim(layer);
  }
  return config.head_dim;
}

RopeConfig GlobalRopeFromGguf(const GgufFields& fields, const TensorSource& tensors, const ConfigOptions& options,
                              const ModelConfig& config) {
  RopeConfig rope = RopeFromGguf(fields, tensors, options, config);
  size_t turned = rope.divisors.size();
  while (turned > 0 && rope.divisors[turned - 1] > kStandsStill) --turned;
  const bool plain = std::all_of(rope.divisors.begin(), rope.divisors.begin() + static_cast<ptrdiff_t>(turned),
                                 [](double divisor) { return divisor == 1; });
  if (!plain) return rope;
  rope.still = rope.divisors.size() - turned;
  rope.divisors.clear();
  return rope;
}

ModelConfig FromGguf(const Metadata& metadata, const TensorSource& tensors, const ConfigOptions& options) {
  const GgufFields fields(metadata, kName);
  ModelConfig config = CommonFromGguf(metadata, tensors, kName, {.own_sizes = true});
  Common(config);
  WindowsFromGguf(fields, fields.Size("attention.sliding_window", SIZE_MAX), kPeriod, config);
  RopeConfig global = GlobalRopeFromGguf(fields, tensors, options, config);
  const size_t local_dim = fields.OptionalSize("attention.key_length_swa").value_or(config.head_dim);
  if (const auto values = fields.OptionalSize("attention.value_length_swa"); values && *values != local_dim) {
    fields.Refuse("attention.value_length_swa", *values,
                  fmt::format("must be the {} dimensions of keys: others are not supported", local_dim));
  }
  RopeConfig local;
  local.theta = fields.Float("rope.freq_base_swa", kLocalTheta);
  local.dims = fields.OptionalSize("rope.dimension_count_swa").value_or(local_dim);
  std::vector<Sizes> sizes;
  for (size_t layer = 0; layer < config.layers; ++layer) {
    sizes.push_back({config.shapes[layer].window > 0 ? local_dim : config.head_dim, config.KvHeads(layer),
                     config.FeedForward(layer)});
  }
  SetSizes(sizes, config);
  UseTwoRopes(std::move(global), std::move(local), config);
  const size_t shared = fields.OptionalSize("attention.shared_kv_layers").value_or(0);
  if (!ShareKeys(shared, config)) {
    fields.Reject("attention.shared_kv_layers", shared,
                  fmt::format("but before the last so many of {} layers must be one of each kind", config.layers));
  }
  const auto has = [&](size_t layer, std::string_view name) {
    return tensors.Find(fmt::format("blk.{}.{}", layer, name)) != nullptr;
  };
  for (size_t layer = 0; layer < config.layers; ++layer) {
    config.shapes[layer].values_are_keys =
        config.HasKeys(layer) && !has(layer, "attn_v.weight") && !has(layer, "attn_qkv.weight");
  }
  config.layer_scale = has(0, "layer_output_scale.weight");
  config.layer_input = fields.OptionalSize("embedding_length_per_layer_input").value_or(0);
  if (config.layer_input > kMostHidden) {
    fields.Reject("embedding_length_per_layer_input", config.layer_input,
                  fmt::format("must be at most {}", kMostHidden));
  }
  ExpertsFromGguf(fields, tensors, config);
  config.experts.beside = config.experts.count > 0;
  config.final_softcap = static_cast<float>(fields.Float("final_logit_softcapping", 0));
  SkipUnread(tensors, true, config);
  return config;
}

// The rotary positions of a kind of layer, those with a window or those without, are made for one size of heads: the class
// takes no others.
void OneSizeOfAKind(const boost::json::object& stated, const ModelConfig& config, const std::vector<Sizes>& sizes) {
  for (size_t layer = 0; layer < sizes.size(); ++layer) {
    size_t first = 0;
    while ((config.shapes[first].window > 0) != (config.shapes[layer].window > 0)) ++first;
    const boost::json::object none;
    const boost::json::value* object = stated.if_contains(std::to_string(layer));
    const std::string prefix = fmt::format("per_layer_config.{}.", layer);
    const HfFields own(object ? object->get_object() : none, prefix);
    const auto check = [&](std::string_view key, size_t Sizes::* size) {
      if (sizes[layer].*size == sizes[first].*size) return;
      own.Refuse(
          key, fmt::format("must be the {} of layer {}: layers of a kind have heads alike", sizes[first].*size, first));
    };
    check("head_dim", &Sizes::head_dim);
    check("num_key_value_heads", &Sizes::kv_heads);
  }
}

// Of single layers, by their number: what transformers writes when it saves a model.
void PerLayerConfig(const HfFields& fields, const boost::json::object& stated, const ModelConfig& config,
                    std::vector<Sizes>& sizes) {
  constexpr std::string_view kField = "per_layer_config";
  for (const auto& [key, value] : stated) {
    size_t layer = sizes.size();
    const auto error = std::from_chars(key.data(), key.data() + key.size(), layer).ec;
    if (error != std::errc() || layer >= sizes.size() || key != std::to_string(layer) || !value.is_object()) {
      fields.Reject(kField, "must have an object for each of some layers, by their number from 0 on");
    }
    const std::string prefix = fmt::format("{}.{}.", kField, layer);
    const HfFields own(value.get_object(), prefix);
    for (const auto& member : value.get_object()) {
      if (member.key() != "head_dim" && member.key() != "num_key_value_heads") {
        own.Refuse(member.key(), "of single layers head_dim and num_key_value_heads alone are supported");
      }
    }
    if (own.Has("head_dim")) sizes[layer].head_dim = own.Size("head_dim", kMostHeadDim);
    if (own.Has("num_key_value_heads")) sizes[layer].kv_heads = own.Size("num_key_value_heads", kMostHeads);
    if (config.heads % sizes[layer].kv_heads != 0) {
      own.Reject("num_key_value_heads", fmt::format("must divide the {} heads (num_attention_heads)", config.heads));
    }
  }
  OneSizeOfAKind(stated, config, sizes);
}

std::vector<Sizes> SizesFromHf(const HfFields& fields, size_t shared, ModelConfig& config) {
  std::vector<Sizes> sizes(config.layers, {config.head_dim, config.kv_heads, config.feed_forward});
  if (const boost::json::object* stated = fields.Object("per_layer_config")) {
    PerLayerConfig(fields, *stated, config, sizes);
    for (const std::string_view unread : {"global_head_dim", "num_global_key_value_heads"}) {
      if (!fields.Has(unread)) continue;
      config.warnings.push_back(
          {"unread_key", std::string(unread), "",
           fmt::format("config.json has {} besides per_layer_config, which alone counts, as in transformers", unread)});
    }
  } else {
    const size_t dim = fields.Has("global_head_dim") ? fields.Size("global_head_dim", kMostHeadDim) : 512;
    const bool own_heads = fields.Bool("attention_k_eq_v", false) && fields.Has("num_global_key_value_heads");
    const size_t heads = own_heads ? fields.Size("num_global_key_value_heads", kMostHeads) : config.kv_heads;
    if (config.heads % heads != 0) {
      fields.Reject("num_global_key_value_heads",
                    fmt::format("must divide the {} heads (num_attention_heads)", config.heads));
    }
    for (size_t layer = 0; layer < config.layers; ++layer) {
      if (config.shapes[layer].window == 0) sizes[layer] = {dim, heads, config.feed_forward};
    }
  }
  const bool wide = fields.Bool("use_double_wide_mlp", false);
  for (size_t layer = config.layers - std::min(shared, config.layers); wide && layer < config.layers; ++layer) {
    sizes[layer].feed_forward *= 2;
  }
  return sizes;
}

void RopesFromHf(const HfFields& fields, const ConfigOptions& options, ModelConfig& config) {
  const boost::json::object* both = fields.Object("rope_parameters");
  const boost::json::object none;
  const HfFields kinds(both ? *both : none, "rope_parameters.");
  const auto read = [&](std::string_view kind, size_t head_dim) {
    const boost::json::object* stated = kinds.Object(kind);
    if (both && !stated) kinds.Reject(kind, "this family needs it");
    ModelConfig sized = config;
    sized.head_dim = head_dim;
    const std::string name = fmt::format("rope_parameters.{}", kind);
    const HfRopeRules rules{.theta_key = "", .types = "default, proportional", .nested = true};
    return RopeFromHf(fields, stated, name, rules, options, sized);
  };
  RopeConfig global = read("full_attention", GlobalHeadDim(config)), local = read("sliding_attention", config.head_dim);
  if (!both) {
    global.theta = kGlobalTheta;
    global.still = global.pairs() - static_cast<size_t>(kTurned * static_cast<double>(global.pairs()));
    local.theta = kLocalTheta;
  }
  UseTwoRopes(std::move(global), std::move(local), config);
}

void WindowsOf(const HfFields& fields, bool unified, ModelConfig& config) {
  const size_t window = WindowFromHf(fields, unified ? 1024 : 512);
  if (window == 0) fields.Reject("sliding_window", "must be at least 1: some layers have a window");
  if (!WindowsFromLayerTypes(fields, window, config)) AlternateWindows(window, kPeriod, config);
  if (config.shapes.back().window == 0) return;
  config.shapes.back().window = 0;
  config.warnings.push_back({"layer_types", "layer_types", "sliding_attention",
                             "config.json: the last layer of this family sees everything, whatever layer_types says of "
                             "it: full_attention is taken, as transformers does"});
}

size_t LayerInputFromHf(const HfFields& fields, bool unified, const ModelConfig& config) {
  constexpr std::string_view kField = "hidden_size_per_layer_input";
  if (unified || fields.IsNull(kField)) return 0;
  const size_t width = fields.OptionalSize(kField).value_or(256);
  if (width > kMostHidden) fields.Reject(kField, fmt::format("must be at most {}", kMostHidden));
  const size_t vocab = fields.OptionalSize("vocab_size_per_layer_input").value_or(262'144);
  if (width > 0 && vocab != config.vocab) {
    fields.Refuse("vocab_size_per_layer_input",
                  fmt::format("{} rows, must be the model's {} where hidden_size_per_layer_input is {}", vocab,
                              config.vocab, width));
  }
  return width;
}

ModelConfig TextFromHf(const HfFields& fields, const TensorSource& tensors, const ConfigOptions& options) {
  const bool unified = fields.String("model_type") == kUnifiedText;
  ModelConfig config = CommonFromHf(fields, tensors, kName, {.kv_heads = 4, .head_dim = 256, .tied = true});
  Common(config);
  config.activation = ActivationFromHf(fields, "hidden_activation", "gelu_pytorch_tanh");
  WindowsOf(fields, unified, config);
  const size_t shared = fields.OptionalSize("num_kv_shared_layers").value_or(0);
  SetSizes(SizesFromHf(fields, shared, config), config);
  if (!ShareKeys(shared, config)) {
    fields.Reject("num_kv_shared_layers",
                  fmt::format("but before the last so many of {} layers (num_hidden_layers) must be one of each kind",
                              config.layers));
  }
  RopesFromHf(fields, options, config);
  const bool keys_alone = fields.Bool("attention_k_eq_v", false);
  for (size_t layer = 0; layer < config.layers; ++layer) {
    config.shapes[layer].values_are_keys = keys_alone && config.shapes[layer].window == 0 && config.HasKeys(layer);
  }
  config.layer_scale = tensors.Find(NameInHf(tensors, "model.layers.0.layer_scalar")) != nullptr;
  config.layer_input = LayerInputFromHf(fields, unified, config);
  if (shared > 0 && config.layer_input == 0) {
    fields.Refuse("num_kv_shared_layers",
                  "shared keys without inputs of each layer (hidden_size_per_layer_input 0) are not supported");
  }
  if (!unified && fields.Bool("enable_moe_block", false)) {
    for (const char* key : {"num_experts", "top_k_experts", "moe_intermediate_size"}) {
      if (!fields.Has(key)) fields.Reject("enable_moe_block", fmt::format("but there is no {}", key));
    }
    ExpertsFromHf(fields, kExpertKeys, config);
    config.experts.beside = true;
  }
  if (const auto cap = fields.OptionalFloat("final_logit_softcapping")) {
    if (!(*cap > 0)) fields.Reject("final_logit_softcapping", "must be above 0, or null for none");
    config.final_softcap = static_cast<float>(*cap);
  }
  SkipUnread(tensors, false, config);
  return config;
}

ModelConfig FromHf(const boost::json::object& json, const TensorSource& tensors, const ConfigOptions& options) {
  const HfFields fields(json);
  const std::string type = fields.String("model_type").value_or("");
  if (type.ends_with("_text")) return TextFromHf(fields, tensors, options);
  return InsideFromHf(fields, tensors, true, [&](const HfFields& text) { return TextFromHf(text, tensors, options); });
}

size_t Shared(const ModelConfig& config) {
  size_t shared = 0;
  for (size_t layer = 0; layer < config.layers; ++layer) shared += config.HasKeys(layer) ? 0 : 1;
  return shared;
}

size_t Window(const ModelConfig& config) { return std::ranges::max(config.shapes, {}, &LayerShape::window).window; }

GgufConfig ToGguf(const ModelConfig& config) {
  GgufConfig out = CommonToGguf(config);
  ExpertsToGguf(config, out);
  GgufKeys keys(config.architecture, out);
  std::vector<int64_t> kv_heads, feed_forward;
  for (size_t layer = 0; layer < config.layers; ++layer) {
    kv_heads.push_back(static_cast<int64_t>(config.KvHeads(layer)));
    feed_forward.push_back(static_cast<int64_t>(config.FeedForward(layer)));
  }
  keys.Sizes("attention.head_count_kv", std::move(kv_heads));
  keys.Sizes("feed_forward_length", std::move(feed_forward));
  const size_t global = GlobalHeadDim(config);
  keys.Size("attention.key_length", global);
  keys.Size("attention.value_length", global);
  keys.Size("attention.key_length_swa", config.head_dim);
  keys.Size("attention.value_length_swa", config.head_dim);
  keys.Size("attention.sliding_window", std::max<size_t>(1, Window(config)));
  keys.Flags("attention.sliding_window_pattern", WindowFlags(config));
  keys.Size("attention.shared_kv_layers", Shared(config));
  keys.Float("rope.freq_base_swa", config.ropes[1].theta);
  keys.Size("rope.dimension_count_swa", config.ropes[1].dims);
  std::vector<double> divisors(config.ropes[0].pairs(), 1e30);
  std::fill_n(divisors.begin(), config.ropes[0].turned(), 1.0);
  if (config.ropes[0].divisors.empty()) keys.Tensor("rope_freqs.weight", divisors);
  keys.Size("embedding_length_per_layer_input", config.layer_input);
  if (config.final_softcap > 0) keys.Float("final_logit_softcapping", static_cast<double>(config.final_softcap));
  return out;
}

// The shortest decimal from which FromHf computes so many turned pairs.
boost::json::object GlobalRopeToHf(const RopeConfig& rope) {
  const auto pairs = static_cast<double>(rope.pairs()), turned = static_cast<double>(rope.turned());
  boost::json::object out{{"rope_type", "proportional"}, {"rope_theta", ShortDecimal(rope.theta)}};
  out["partial_rotary_factor"] =
      ShortestDecimal(turned / pairs, [&](double share) { return std::floor(share * pairs) == turned; });
  if (rope.linear != 1) out["factor"] = ShortDecimal(rope.linear);
  return out;
}

boost::json::object ToHf(const ModelConfig& config) {
  boost::json::object out = CommonToHf(config, kHfTypes[0]);
  out["hidden_activation"] = out["hidden_act"];
  for (const char* key : {"hidden_act", "rope_theta", "rope_scaling", "partial_rotary_factor"}) out.erase(key);
  out["rope_parameters"] = boost::json::object{{"full_attention", GlobalRopeToHf(config.ropes[0])},
                                               {"sliding_attention", RopeParametersToHf(config.ropes[1])}};
  out["sliding_window"] = std::max<size_t>(1, Window(config));
  out["layer_types"] = LayerTypesToHf(config);
  out["global_head_dim"] = GlobalHeadDim(config);
  const auto global = std::ranges::find(config.shapes, size_t{0}, &LayerShape::window);
  const bool any = global != config.shapes.end();
  const auto layer = static_cast<size_t>(global - config.shapes.begin());
  out["attention_k_eq_v"] = any && global->values_are_keys;
  out["num_global_key_value_heads"] = any && global->kv_heads > 0 ? boost::json::value(config.KvHeads(layer)) : nullptr;
  out["num_kv_shared_layers"] = Shared(config);
  out["use_double_wide_mlp"] = config.shapes.back().feed_forward > 0;
  out["hidden_size_per_layer_input"] = config.layer_input;
  out["vocab_size_per_layer_input"] = config.vocab;
  out["final_logit_softcapping"] =
      config.final_softcap > 0 ? boost::json::value(ShortDecimal(static_cast<double>(config.final_softcap))) : nullptr;
  out["enable_moe_block"] = config.experts.count > 0;
  if (config.experts.count > 0) ExpertsToHf(config, kExpertKeys, out);
  return out;
}

Location LocateInHf(const ModelConfig& config, const Parameter& parameter, const TensorSource& source) {
  const auto outside = [&](std::string_view name) -> Location {
    return {NameInHf(source, fmt::format("model.{}", name))};
  };
  const auto in_layer = [&](std::string_view name) -> Location {
    return {NameInHf(source, fmt::format("model.layers.{}.{}", parameter.layer, name))};
  };
  switch (parameter.role) {
    case Role::kLayerInputTable: return outside("embed_tokens_per_layer.weight");
    case Role::kLayerInputProjection: return outside("per_layer_model_projection.weight");
    case Role::kLayerInputNorm: return outside("per_layer_projection_norm.weight");
    case Role::kFeedForwardNorm: return in_layer("pre_feedforward_layernorm.weight");
    case Role::kLayerInputGate: return in_layer("per_layer_input_gate.weight");
    case Role::kLayerInputOutput: return in_layer("per_layer_projection.weight");
    case Role::kPostLayerInputNorm: return in_layer("post_per_layer_input_norm.weight");
    case Role::kLayerScale: return in_layer("layer_scalar");
    case Role::kRouterInputScale: return in_layer("router.scale");
    case Role::kExpertScale: return in_layer("router.per_expert_scale");
    case Role::kPostDenseNorm: return in_layer("post_feedforward_layernorm_1.weight");
    case Role::kExpertNorm: return in_layer("pre_feedforward_layernorm_2.weight");
    case Role::kPostExpertNorm: return in_layer("post_feedforward_layernorm_2.weight");
    default: return LocateHfExperts(kExpertNames, config, parameter, source);
  }
}

}  // namespace

extern const Architecture kGemma4 = {kName,      "Gemma 4, text: E2B, E4B, 12B, 26B-A4B, 31B",
                                     kHfTypes,   kGgufKeys,
                                     true,       FromGguf,
                                     FromHf,     ToGguf,
                                     ToHf,       LocateGguf,
                                     LocateInHf, SandwichNormInputLayer};

}  // namespace sheepop
