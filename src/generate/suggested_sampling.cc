#include "generate/suggested_sampling.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cctype>
#include <optional>

#include "base/error.h"
#include "base/numbers.h"
#include "checkpoint/gguf.h"
#include "checkpoint/hf_folder.h"
#include "checkpoint/sampling_keys.h"

namespace sheepop {
namespace {

namespace json = boost::json;

constexpr const char* kSequenceKey = "general.sampling.sequence";

// llama.cpp's names of steps, without what it lets one write between words, and ours.
constexpr std::pair<std::string_view, std::string_view> kSteps[] = {
    {"penalties", "repetition;frequency;presence"},
    {"dry", "dry"},
    {"topnsigma", "top_n_sigma"},
    {"topk", "top_k"},
    {"typp", "typical_p"},
    {"typ", "typical_p"},
    {"topp", "top_p"},
    {"nucleus", "top_p"},
    {"minp", "min_p"},
    {"xtc", "xtc"},
    {"temperature", "temperature"},
    {"temp", "temperature"},
};

struct Advice {
  std::string_view model;  // in small letters; sizes and variants of it follow behind a hyphen
  std::string_view makers;
  std::array<std::pair<std::string_view, std::string_view>, 4> options;  // the last may be empty
};

// From the model cards, and the generation_config.json that lies beside the original weights.
constexpr Advice kAdvice[] = {
    {"smollm2", "SmolLM2", {{{"temperature", "0.2"}, {"top_p", "0.9"}}}},
    {"qwen3-0.6b", "Qwen3", {{{"temperature", "0.6"}, {"top_k", "20"}, {"top_p", "0.95"}}}},
    {"qwen3-1.7b", "Qwen3", {{{"temperature", "0.6"}, {"top_k", "20"}, {"top_p", "0.95"}}}},
    {"qwen2.5-1.5b",
     "Qwen2.5",
     {{{"temperature", "0.7"}, {"top_k", "20"}, {"top_p", "0.8"}, {"repeat_penalty", "1.1"}}}},
};

// llama.cpp and vLLM write a top-k of 0 or less for all tokens.
std::string ValueText(const SamplingKey& key, double value, bool single) {
  if (key.option == "top_k" && value < 0) return "0";
  // The shortest decimal that is this float: 0.9, not 0.8999999762.
  return single ? fmt::format("{}", static_cast<float>(value)) : NumberText(value);
}

void ReadSuppressed(std::string_view key, std::vector<int64_t> ids, size_t vocab, SuggestedSampling& out) {
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  size_t known = 0;
  std::optional<int64_t> unknown;  // the first
  for (const int64_t id : ids) {
    if (id < 0 || static_cast<uint64_t>(id) >= vocab) {
      if (!unknown) unknown = id;
      continue;
    }
    out.options.push_back({&kSamplingTable.Named("banned"), std::to_string(id)});
    ++known;
  }
  if (!unknown) return;
  out.warnings.push_back({"unknown_token", std::string(key), std::to_string(*unknown),
                          fmt::format("{} of {} names {} tokens beyond the model's {}, {} is one; they are left out",
                                      key, out.source, ids.size() - known, vocab, *unknown)});
}

void ReadFolder(const HfFolder& folder, size_t vocab, SuggestedSampling& out) {
  if (!folder.generation_config) return;
  const json::object& config = *folder.generation_config;
  out.source = (folder.path / "generation_config.json").string();
  ReadSuppressed(kSuppressedJson, folder.GenerationIds(kSuppressedJson), vocab, out);
  const json::value* samples = config.if_contains("do_sample");
  if (samples && *samples == false) return;
  for (const SamplingKey& key : kSamplingKeys) {
    const json::value* value = key.json ? config.if_contains(key.json) : nullptr;
    if (!value || value->is_null()) continue;
    if (!value->is_number()) {
      throw Error(ErrorCategory::kCorrupt, "{}: {} is {}, must be a number; correct it, or take it out", out.source,
                  key.json, json::serialize(*value));
    }
    out.options.push_back({&kSamplingTable.Named(key.option), ValueText(key, value->to_number<double>(), false)});
  }
}

void ReadSequence(const std::string& sequence, SuggestedSampling& out) {
  std::string steps;
  for (size_t begin = 0; begin <= sequence.size();) {
    const size_t end = std::min(sequence.find(';', begin), sequence.size());
    const std::string name = sequence.substr(begin, end - begin);
    begin = end + 1;
    std::string plain = name;
    std::erase_if(plain, [](char c) { return c == '_' || c == '-'; });
    const auto* step = std::ranges::find(kSteps, plain, [](const auto& pair) { return pair.first; });
    if (step != std::end(kSteps)) {
      steps += fmt::format("{}{}", steps.empty() ? "" : ";", step->second);
    } else if (!name.empty()) {
      out.warnings.push_back(
          {"unknown_step", kSequenceKey, name,
           fmt::format("{} of {} names {}, which is no step here; it is left out", kSequenceKey, out.source, name)});
    }
  }
  if (!steps.empty()) out.options.push_back({&kSamplingTable.Named("samplers"), std::move(steps)});
}

void ReadGguf(const Metadata& metadata, size_t vocab, SuggestedSampling& out) {
  if (auto ids = metadata.Ints(kSuppressedKey)) ReadSuppressed(kSuppressedKey, std::move(*ids), vocab, out);
  for (const SamplingKey& key : kSamplingKeys) {
    const auto value = metadata.Float(key.gguf);
    if (!value) continue;
    const bool single = metadata.Find(key.gguf)->type == Metadata::GgufType::kFloat32;
    out.options.push_back({&kSamplingTable.Named(key.option), ValueText(key, *value, single)});
  }
  if (const std::string* sequence = metadata.String(kSequenceKey)) ReadSequence(*sequence, out);
}

// "HuggingFaceTB/SmolLM2 135M Instruct" is of "smollm2".
bool IsOf(std::string_view name, std::string_view model) {
  name.remove_prefix(std::min(name.size(), name.rfind('/') + 1));
  std::string plain(name);
  std::ranges::transform(plain, plain.begin(), [](unsigned char c) {
    return c == ' ' || c == '_' ? '-' : static_cast<char>(c < 0x80 ? std::tolower(c) : c);
  });
  if (!plain.starts_with(model)) return false;
  // What was not taught to converse has no such advice.
  return (plain.size() == model.size() || plain[model.size()] == '-') && !plain.ends_with("-base");
}

}  // namespace

void SuggestedSampling::Apply(SamplingOptions& into, const std::function<bool(const OptionRow&)>& given) const {
  for (const auto& [row, value] : options) {
    if (given && given(*row)) continue;
    kSamplingTable.Set(into, *row, value, fmt::format("{} of {}", row->name, source));
  }
}

SuggestedSampling SuggestedSamplingOf(const Checkpoint& checkpoint, std::string_view name, bool chat, size_t vocab) {
  SuggestedSampling out;
  out.source = checkpoint.path().string();
  if (const GgufFile* gguf = checkpoint.gguf()) {
    ReadGguf(gguf->metadata(), vocab, out);
  } else {
    ReadFolder(*checkpoint.hf(), vocab, out);
  }
  if (!out.options.empty() || !chat) return out;
  const auto* advice = std::ranges::find_if(kAdvice, [&](const Advice& of) { return IsOf(name, of.model); });
  if (advice == std::end(kAdvice)) return out;
  out.source = fmt::format("the makers of {}", advice->makers);
  for (const auto& [option, value] : advice->options) {
    if (!option.empty()) out.options.push_back({&kSamplingTable.Named(option), std::string(value)});
  }
  return out;
}

}  // namespace sheepop
