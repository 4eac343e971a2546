#include "model/key_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <optional>
#include <type_traits>

#include "base/error.h"
#include "base/utf8.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/hf_folder.h"
#include "checkpoint/sampling_keys.h"
#include "model/checkpoint_config.h"
#include "model/config_fields.h"

namespace sheepop {
namespace {

namespace json = boost::json;
using enum KeyUse;

constexpr std::string_view kExperts = "mixtures of experts";
constexpr std::string_view kDraws =
    "nothing here reads it; transformers draws by it where there is no generation_config.json";
constexpr std::string_view kQuantisation = "quantization_config";

// Under the name of any family, in GGUF metadata; what llama.cpp reads for some family or other is among them.
constexpr KeyRule kGgufKeys[] = {
    {"vocab_size"},
    {"context_length"},
    {"embedding_length"},
    {"block_count"},
    {"feed_forward_length"},
    {"attention.head_count"},
    {"attention.head_count_kv"},
    {"attention.key_length"},
    {"attention.value_length"},
    {"tensor_data_layout", kHarmless},
    {"rope.scaling.finetuned", kHarmless},
    {"expert_count", kOnly, "[0]", kExperts},
    {"expert_used_count", kOnly, "[0]", kExperts},
    {"expert_shared_count", kOnly, "[0]", kExperts},
    {"expert_feed_forward_length", kOnly, "[0]", kExperts},
    {"leading_dense_block_count", kOnly, "[0]", kExperts},
    {"nextn_predict_layers"},
    {"use_parallel_residual", kOnly, "[false]", "attention and feed-forward side by side"},
    {"pooling_type", kOnly, "[0]", "embeddings instead of logits"},
    {"logit_scale", kOnly, "[0, 1]", "scaled logits"},
    {"residual_scale", kOnly, "[0, 1]", "scaled residuals"},
    {"embedding_scale", kOnly, "[0, 1]", "scaled embeddings"},
    {"attn_logit_softcapping", kOnly, "[0]", "soft caps in this family"},
    {"final_logit_softcapping", kOnly, "[0]", "soft caps in this family"},
    {"attention.sliding_window", kOnly, "[0]", "windows in this family"},
    {"attention.sliding_window_pattern", kOnly, "[0]", "windows in this family"},
    {"attention.scale", kOnly, "[0]", "an attention scale of its own"},
    {"attention.causal", kOnly, "[true]", "attention to what comes later"},
    {"attention.max_alibi_bias", kOnly, "[0]", "ALiBi positions"},
    {"attention.clamp_kqv", kOnly, "[0]", "clamped queries, keys and values"},
    {"attention.temperature_scale", kOnly, "[0]", "attention scaled by position"},
    {"attention.temperature_length", kOnly, "[0]", "attention scaled by position"},
    {"attention.shared_kv_layers", kOnly, "[0]", "layers that share keys and values"},
    {"attention.q_lora_rank", kOnly, "[0]", "latent attention"},
    {"attention.kv_lora_rank", kOnly, "[0]", "latent attention"},
    {"attention.key_length_swa", kOnly, "[]", "heads of two sizes"},
    {"attention.value_length_swa", kOnly, "[]", "heads of two sizes"},
    {"rope.dimension_count_swa", kOnly, "[]", "heads of two sizes"},
    {"rope.dimension_sections", kOnly, "[]", "positions in several dimensions"},
};

// Of families with rotary positions and RMS norms.
constexpr KeyRule kGgufRopeKeys[] = {
    {"attention.layer_norm_rms_epsilon"},
    {"rope.dimension_count"},
    {"rope.freq_base"},
    {"rope.scale_linear"},
    {"rope.scaling.type"},
    {"rope.scaling.factor"},
    {"rope.scaling.original_context_length"},
    {"rope.scaling.attn_factor"},
    {"rope.scaling.yarn_log_multiplier", kOnly, "[0, 0.1]", "YaRN with another attention factor"},
    {"rope.scaling.yarn_ext_factor", kOnly, "[-1, 1]", "YaRN of other strength"},
    {"rope.scaling.yarn_attn_factor"},
    {"rope.scaling.yarn_beta_fast"},
    {"rope.scaling.yarn_beta_slow"},
    {"rope.scaling.alpha", kOnly, "[0]", "NTK scaling"},
};

// Of any config.json. Of those of generation, transformers follows some even where the best token is taken.
constexpr KeyRule kHfKeys[] = {
    {"model_type"},
    {"vocab_size"},
    {"tie_word_embeddings"},
    {"eos_token_id"},
    {"_name_or_path"},
    {"architectures", kHarmless},
    {"bos_token_id", kHarmless},
    {"pad_token_id", kHarmless},
    {"sep_token_id", kHarmless},
    {"decoder_start_token_id", kHarmless},
    {"name_or_path", kHarmless},
    {"dtype", kHarmless},
    {"torch_dtype", kHarmless},
    {"transformers_version", kHarmless},
    {"_commit_hash", kHarmless},
    {"auto_map", kHarmless},
    {"tokenizer_class", kHarmless},
    {"initializer_range", kHarmless},
    {"attention_dropout", kHarmless},
    {"use_cache", kHarmless},
    {"cache_implementation", kHarmless},
    {"attn_implementation", kHarmless},
    {"_attn_implementation", kHarmless},
    {"_attn_implementation_autoset", kHarmless},
    {"_attn_implementation_internal", kHarmless},
    {"experts_implementation", kHarmless},
    {"_experts_implementation_internal", kHarmless},
    {"output_attentions", kHarmless},
    {"output_hidden_states", kHarmless},
    {"return_dict", kHarmless},
    {"tie_last_hidden_states", kHarmless},
    {"chunk_size_feed_forward", kHarmless},
    {"gradient_checkpointing", kHarmless},
    {"torchscript", kHarmless},
    {"use_bfloat16", kHarmless},
    {"tf_legacy_loss", kHarmless},
    {"is_decoder", kHarmless},
    {"tie_encoder_decoder", kHarmless},
    {"finetuning_task", kHarmless},
    {"task_specific_params", kHarmless},
    {"problem_type", kHarmless},
    {"id2label", kHarmless},
    {"label2id", kHarmless},
    {"num_labels", kHarmless},
    {"prefix", kHarmless},
    {"pretraining_tp", kHarmless},
    {"transformers.js_config", kHarmless},
    {"unsloth_fixed", kHarmless},
    {"unsloth_version", kHarmless},
    {"max_length", kHarmless},
    {"min_length", kTold, "[0]", kDraws},
    {"do_sample", kHarmless},
    {"early_stopping", kHarmless},
    {"num_beams", kHarmless},
    {"temperature", kHarmless},
    {"top_k", kHarmless},
    {"top_p", kHarmless},
    {"typical_p", kHarmless},
    {"repetition_penalty", kTold, "[1]", kDraws},
    {"length_penalty", kHarmless},
    {"no_repeat_ngram_size", kTold, "[0]", kDraws},
    {"encoder_no_repeat_ngram_size", kHarmless},
    {"bad_words_ids", kTold, "[[]]", kDraws},
    {"num_return_sequences", kHarmless},
    {"output_scores", kHarmless},
    {"return_dict_in_generate", kHarmless},
    {"forced_bos_token_id", kTold, "[]", kDraws},
    {"forced_eos_token_id", kTold, "[]", kDraws},
    {"remove_invalid_values", kHarmless},
    {"exponential_decay_length_penalty", kTold, "[]", kDraws},
    {"suppress_tokens", kTold, "[[]]", kDraws},
    {"begin_suppress_tokens", kTold, "[[]]", kDraws},
    {"epsilon_cutoff", kHarmless},
    {"eta_cutoff", kHarmless},
    {"encoder_repetition_penalty", kHarmless},
    {"num_assistant_tokens", kHarmless},
    {"num_assistant_tokens_schedule", kHarmless},
    {"assistant_confidence_threshold", kHarmless},
    {"assistant_lookbehind", kHarmless},
    {"target_lookbehind", kHarmless},
    {"num_beam_groups", kHarmless},
    {"diversity_penalty", kHarmless},
    {"is_encoder_decoder", kOnly, "[false]", "an encoder"},
    {"add_cross_attention", kOnly, "[false]", "an encoder"},
    {"cross_attention_hidden_size", kOnly, "[]", "an encoder"},
    {"pruned_heads", kOnly, "[{}]", "layers with different numbers of heads"},
    {"per_layer_config", kOnly, "[{}]", "layers of different shapes"},
    {kQuantisation, kOnly, "[]", "weights quantised by another program: take the model they were made from"},
    {"compression_config", kOnly, "[]", "weights quantised by another program: take the model they were made from"},
    {"num_local_experts", kOnly, "[0]", kExperts},
    {"num_experts", kOnly, "[0]", kExperts},
    {"text_config", kOnly, "[]", "a model with images or sound"},
    {"vision_config", kOnly, "[]", "a model with images or sound"},
};

// Of families with the usual layer.
constexpr KeyRule kHfLayerKeys[] = {
    {"hidden_size"},
    {"intermediate_size"},
    {"num_hidden_layers"},
    {"num_attention_heads"},
    {"num_key_value_heads"},
    {"head_dim"},
    {"max_position_embeddings"},
    {"rms_norm_eps"},
    {"rope_theta"},
    {"rope_scaling"},
    {"rope_parameters"},
    {"partial_rotary_factor"},
    {"original_max_position_embeddings"},
    {"sliding_window", kOnly, "[]", "windows in this family"},
    {"layer_types", kOnly, "[]", "windows in this family"},
    {"rope_interleaved", kOnly, "[false]", "rotary pairs of neighbours in a folder"},
};

// Of models that read images or sound besides.
constexpr KeyRule kHfNestedKeys[] = {
    {"text_config"},
    {"vision_config", kHarmless},
    {"audio_config", kHarmless},
};

// Of generation_config.json. What it says of drawing is a suggestion.
constexpr KeyRule kGenerationKeys[] = {
    {"eos_token_id"},
    {"temperature"},
    {"top_k"},
    {"top_p"},
    {"min_p"},
    {"repetition_penalty"},
    {kSuppressedJson},
    {"bos_token_id", kHarmless},
    {"pad_token_id", kHarmless},
    {"do_sample", kHarmless},
    {"use_cache", kHarmless},
    {"cache_implementation", kHarmless},
    {"max_length", kHarmless},
    {"max_new_tokens", kHarmless},
    {"_from_model_config", kHarmless},
    {"transformers_version", kHarmless},
    {"output_attentions", kHarmless},
    {"output_hidden_states", kHarmless},
    {"trust_remote_code", kHarmless},
};

// Of the index of weights. Which tensors there are, and how large they are, the files themselves say.
constexpr KeyRule kIndexKeys[] = {
    {"weight_map"},
    {"metadata", kHarmless},
};

// Of tokenizer_config.json. Texts are neither cut nor padded nor cleaned up here, and tokenizer.json has the tokens.
constexpr KeyRule kTokenizerConfigKeys[] = {
    {"bos_token"},
    {"eos_token"},
    {"pad_token"},
    {"add_bos_token"},
    {"add_eos_token"},
    {"chat_template"},
    {"unk_token", kHarmless},
    {"sep_token", kHarmless},
    {"cls_token", kHarmless},
    {"mask_token", kHarmless},
    {"tokenizer_class", kHarmless},
    {"model_max_length", kHarmless},
    {"clean_up_tokenization_spaces", kHarmless},
    {"added_tokens_decoder", kHarmless},
    {"additional_special_tokens", kHarmless},
    {"extra_special_tokens", kHarmless},
    {"model_specific_special_tokens", kHarmless},
    {"add_prefix_space", kHarmless},
    {"padding_side", kHarmless},
    {"truncation_side", kHarmless},
    {"padding", kHarmless},
    {"truncation", kHarmless},
    {"max_length", kHarmless},
    {"stride", kHarmless},
    {"pad_to_multiple_of", kHarmless},
    {"pad_token_type_id", kHarmless},
    {"model_input_names", kHarmless},
    {"truncation_strategy", kHarmless},
    {"legacy", kHarmless},
    {"from_slow", kHarmless},
    {"use_fast", kHarmless},
    {"errors", kHarmless},
    {"sp_model_kwargs", kHarmless},
    {"spaces_between_special_tokens", kHarmless},
    {"split_special_tokens", kHarmless},
    {"use_default_system_prompt", kHarmless},
    {"name_or_path", kHarmless},
    {"tokenizer_file", kHarmless},
    {"vocab_file", kHarmless},
    {"merges_file", kHarmless},
    {"special_tokens_map_file", kHarmless},
    {"processor_class", kHarmless},
    {"auto_map", kHarmless},
    {"backend", kHarmless},
    {"is_local", kHarmless},
    {"local_files_only", kHarmless},
    {"trust_remote_code", kHarmless},
    {"vocab_size", kHarmless},
    {"image_token", kHarmless},
    {"boi_token", kHarmless},
    {"eoi_token", kHarmless},
};

// A key inside rotary parameters, and the kinds of scaling that read it; empty: all.
struct RopeRule {
  std::string_view key, types;
};
constexpr RopeRule kRopeRules[] = {
    {"rope_type", ""},
    {"type", ""},
    {"rope_theta", ""},
    {"partial_rotary_factor", ""},
    {"factor", "linear llama3 longrope su yarn dynamic proportional"},
    {"original_max_position_embeddings", "llama3 longrope su yarn"},
    {"low_freq_factor", "llama3"},
    {"high_freq_factor", "llama3"},
    {"short_factor", "longrope su yarn"},
    {"long_factor", "longrope su yarn"},
    {"attention_factor", "longrope su yarn"},
    {"beta_fast", "yarn"},
    {"beta_slow", "yarn"},
    {"mscale", "yarn"},
    {"mscale_all_dim", "yarn"},
    {"truncate", "yarn"},
    {"llama_4_scaling_beta", "yarn"},
    {"max_position_embeddings", "yarn"},
    {"alpha", "dynamic"},
    {"mrope_section", ""},  // of positions in several dimensions, which are equal for text
    {"mrope_interleaved", ""}};

constexpr KeyRule kUsedKey{"", kUsed}, kHarmlessKey{"", kHarmless};

const KeyRule* Find(std::span<const KeyRule> rules, std::string_view key) {
  const auto found = std::ranges::find(rules, key, &KeyRule::key);
  return found == rules.end() ? nullptr : &*found;
}

bool Same(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) return std::abs(a.to_number<double>() - b.to_number<double>()) < 1e-7;
  return a == b;
}

// Weights of 8-bit floating point or in MXFP4, which are read (checkpoint/f8_tensors.h, checkpoint/mxfp4_tensors.h).
bool IsRead(const json::value& quantisation) {
  const json::object* keys = quantisation.if_object();
  const json::value* method = keys ? keys->if_contains("quant_method") : nullptr;
  const json::value* block = keys ? keys->if_contains("weight_block_size") : nullptr;
  const bool blocks_fit = !block || block->is_null() || *block == json::value(json::array{128, 128});
  if (!method || !method->is_string()) return false;
  return method->get_string() == "mxfp4" || (method->get_string() == "fp8" && blocks_fit);
}

bool CanRun(const KeyRule& rule, const json::value& value) {
  if (value.is_null() || (rule.key == kQuantisation && IsRead(value))) return true;
  const json::value list = json::parse(rule.only);
  return std::ranges::any_of(list.as_array(), [&](const json::value& one) { return Same(one, value); });
}

std::string Cut(std::string text) {
  constexpr size_t kShown = 200;
  if (text.size() <= kShown) return text;
  size_t end = kShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return fmt::format("{}... ({} bytes)", text.substr(0, end), text.size());
}

std::string RefusalOf(const KeyRule& rule) {
  const json::value list = json::parse(rule.only);
  std::string values;
  for (const json::value& value : list.as_array()) values += (values.empty() ? "" : " or ") + json::serialize(value);
  return fmt::format("{}; another value needs {}, which is not supported",
                     values.empty() ? "must be absent" : "must be " + values + " or absent", rule.needs);
}

KeyReport ReportOf(std::string key, const json::value& value, const KeyRule* rule) {
  KeyReport report{.key = std::move(key), .value = Cut(json::serialize(value))};
  if (!rule) {
    report.treatment = KeyTreatment::kUnknown;
    report.why = "nothing here knows this key: it changes nothing";
  } else if (rule->use == kHarmless) {
    report.treatment = KeyTreatment::kHarmless;
  } else if (rule->use == kOnly) {
    report.treatment = CanRun(*rule, value) ? KeyTreatment::kHarmless : KeyTreatment::kRefused;
    if (report.treatment == KeyTreatment::kRefused) report.why = RefusalOf(*rule);
  } else if (rule->use == kTold && !CanRun(*rule, value)) {
    report.treatment = KeyTreatment::kUnknown;
    report.why = rule->needs;
  } else if (rule->use == kTold) {
    report.treatment = KeyTreatment::kHarmless;
  }
  return report;
}

// Whether `word` is one of the words of `list`.
bool Lists(std::string_view list, std::string_view word) {
  return fmt::format(" {} ", list).find(fmt::format(" {} ", word)) != std::string::npos;
}

// Of the language model inside a configuration.
const HfType& HfTypeInside(const json::object& text_config) {
  const json::value* name = text_config.if_contains("model_type");
  if (!name || !name->is_string()) throw Error(ErrorCategory::kCorrupt, "config.json has no text_config.model_type");
  return HfTypeByName(name->get_string());
}

bool IsAttentionKind(std::string_view key) { return key == "full_attention" || key == "sliding_attention"; }

void AddRope(const std::string& prefix, const json::object& rope, std::vector<KeyReport>& out) {
  const auto kind = [&](const char* name) {
    const json::value* value = rope.if_contains(name);
    return value && value->is_string() ? std::string(value->get_string()) : "";
  };
  const std::string type = !kind("rope_type").empty() ? kind("rope_type") : kind("type");
  for (const auto& member : rope) {
    const std::string key = prefix + std::string(member.key());
    if (IsAttentionKind(member.key()) && member.value().is_object()) {
      AddRope(key + ".", member.value().get_object(), out);
      continue;
    }
    const auto found = std::ranges::find(kRopeRules, std::string_view(member.key()), &RopeRule::key);
    KeyReport report{.key = key, .value = Cut(json::serialize(member.value()))};
    if (found == std::end(kRopeRules)) {
      report = ReportOf(key, member.value(), nullptr);
    } else if (!found->types.empty() && !Lists(found->types, type)) {
      report.treatment = KeyTreatment::kUnknown;
      report.why = fmt::format("rotary positions of type {} do not read it", type.empty() ? "default" : type);
    }
    out.push_back(std::move(report));
  }
}

// Of single layers, by their number.
void AddLayers(const std::string& prefix, const json::object& layers, std::vector<KeyReport>& out) {
  for (const auto& [number, layer] : layers) {
    if (!layer.is_object()) continue;
    for (const auto& member : layer.get_object()) {
      out.push_back(ReportOf(fmt::format("{}{}.{}", prefix, std::string_view(number), std::string_view(member.key())),
                             member.value(), &kUsedKey));
    }
  }
}

// `prefix` stands before the names: "text_config.".
void AddHf(const std::string& prefix, const json::object& config, const HfType& type, std::vector<KeyReport>& out) {
  for (const auto& member : config) {
    const std::string_view key = member.key();
    const KeyRule* rule = Find(type.keys, key);
    if (!rule && type.nested) rule = Find(kHfNestedKeys, key);
    if (!rule && type.usual_keys) rule = Find(kHfLayerKeys, key);
    if (!rule) rule = Find(kHfKeys, key);
    out.push_back(ReportOf(prefix + std::string(key), member.value(), rule));
    if (!rule || !member.value().is_object()) continue;
    const json::object& inner = member.value().get_object();
    const std::string inside = fmt::format("{}{}.", prefix, key);
    if (key == "rope_scaling" || key == "rope_parameters") AddRope(inside, inner, out);
    if (key == "per_layer_config" && rule->use == kUsed) AddLayers(inside, inner, out);
    if (type.nested && key == "text_config") AddHf(inside, inner, HfTypeInside(inner), out);
  }
}

std::vector<KeyReport> HfReports(const json::object& config, const HfType& type) {
  std::vector<KeyReport> out;
  AddHf("", config, type, out);
  return out;
}

void AddFile(const std::optional<json::object>& file, std::string_view name, std::span<const KeyRule> rules,
             std::vector<KeyReport>& out) {
  if (!file) return;
  for (const auto& member : *file) {
    out.push_back(ReportOf(std::string(member.key()), member.value(), Find(rules, member.key())));
    out.back().file = name;
  }
}

template <typename T>
json::value ScalarJson(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return json::value(ToValidUtf8(value));
  } else if constexpr (std::is_same_v<T, double>) {
    return std::isfinite(value) ? json::value(value) : json::value(fmt::format("{}", value));
  } else {
    return json::value(value);
  }
}

json::value ValueOf(const Metadata::Entry& entry) {
  return std::visit(
      [](const auto& value) -> json::value {
        using T = std::decay_t<decltype(value)>;
        if constexpr (requires { typename T::value_type; } && !std::is_same_v<T, std::string>) {
          if (value.size() > 64) return json::value(fmt::format("a list of {}", value.size()));
          json::array out;
          for (const auto& element : value) out.push_back(ScalarJson(element));
          return out;
        } else {
          return ScalarJson(value);
        }
      },
      entry.value);
}

bool BeginsWithAny(std::string_view key, std::initializer_list<std::string_view> prefixes) {
  return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return key.starts_with(prefix); });
}

KeyReport GgufReport(const Metadata::Entry& entry, const Architecture& architecture) {
  const std::string key = ToValidUtf8(entry.key);
  const json::value value = ValueOf(entry);
  const std::string prefix = std::string(architecture.name) + ".";
  if (key.starts_with(prefix)) {
    const std::string_view field = std::string_view(key).substr(prefix.size());
    const KeyRule* rule = Find(architecture.gguf_keys, field);
    if (!rule && architecture.gguf_rope) rule = Find(kGgufRopeKeys, field);
    if (!rule) rule = Find(kGgufKeys, field);
    return ReportOf(key, value, rule);
  }
  if (key == "general.architecture" || key == "general.name" || key == "general.alignment" ||
      key.starts_with("general.sampling.")) {
    return ReportOf(key, value, &kUsedKey);
  }
  if (BeginsWithAny(key, {"general.", "quantize.", "split.", "sheepop.", "mradermacher."})) {
    return ReportOf(key, value, &kHarmlessKey);
  }
  KeyReport report = ReportOf(key, value, key.starts_with("tokenizer.") ? &kUsedKey : nullptr);
  if (key.starts_with("tokenizer.")) report.treatment = KeyTreatment::kTokenizer;
  return report;
}

// What the family's own reading refuses.
void MarkRefused(const Checkpoint& checkpoint, std::vector<KeyReport>& reports) {
  try {
    ReadFamily(checkpoint, {});
  } catch (const KeyError& error) {
    const auto found = std::ranges::find_if(
        reports, [&](const KeyReport& report) { return report.file.empty() && report.key == error.key(); });
    if (found == reports.end()) {
      reports.push_back(
          {.key = error.key(), .value = "absent", .treatment = KeyTreatment::kRefused, .why = error.what()});
    } else {
      found->treatment = KeyTreatment::kRefused;
      found->why = error.what();
    }
  } catch (const Error&) {
    return;  // of no one key; ConfigOf says it
  }
}

}  // namespace

std::string_view Name(KeyTreatment treatment) {
  switch (treatment) {
    case KeyTreatment::kUsed: return "used";
    case KeyTreatment::kTokenizer: return "tokenizer";
    case KeyTreatment::kHarmless: return "harmless";
    case KeyTreatment::kUnknown: return "unknown";
    case KeyTreatment::kRefused: return "refused";
  }
  return "";
}

std::vector<KeyReport> TableReports(const Checkpoint& checkpoint) {
  const GgufFile* gguf = checkpoint.gguf();
  std::vector<KeyReport> out;
  if (!gguf) {
    const HfFolder& folder = *checkpoint.hf();
    out = HfReports(folder.config, HfTypeOf(folder));
    AddFile(folder.generation_config, "generation_config.json", kGenerationKeys, out);
    AddFile(folder.tokenizer_config, "tokenizer_config.json", kTokenizerConfigKeys, out);
    AddFile(folder.weight_index, kWeightIndex, kIndexKeys, out);
    return out;
  }
  const Architecture& architecture = ArchitectureOf(checkpoint);
  for (const Metadata::Entry& entry : gguf->metadata().entries()) out.push_back(GgufReport(entry, architecture));
  return out;
}

std::vector<KeyReport> KeyReports(const Checkpoint& checkpoint) {
  std::vector<KeyReport> out = TableReports(checkpoint);
  MarkRefused(checkpoint, out);
  return out;
}

}  // namespace sheepop
