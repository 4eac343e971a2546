#include "tokenize/convert_settings.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>
#include <optional>

#include "base/error.h"
#include "base/text_file.h"
#include "checkpoint/sampling_keys.h"
#include "tokenize/gguf_to_json.h"
#include "tokenize/json_to_gguf.h"
#include "tokenize/tokenizer.h"

namespace sheepop {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using Type = Metadata::GgufType;

const json::value* Field(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  return value && !value->is_null() ? value : nullptr;
}

// Of generation_config.json or else config.json.
std::vector<int64_t> Ids(const HfFolder& folder, const char* name) {
  std::vector<int64_t> ids = folder.GenerationIds(name);
  return ids.empty() ? folder.ConfigIds(name) : ids;
}

class GgufWriting {
 public:
  GgufWriting(const HfFolder& folder, size_t vocab, std::vector<std::string>& notes)
      : folder_(folder), vocab_(vocab), notes_(notes) {}

  Metadata Write() {
    const std::string config = folder_.tokenizer_config ? json::serialize(*folder_.tokenizer_config) : "";
    const json::value* type = Field(folder_.config, "model_type");
    const bool gemma4 = type && type->is_string() && type->get_string().starts_with("gemma4");
    metadata_ = TokenizerJsonMetadata(folder_.tokenizer_json, config, &notes_,
                                      gemma4 ? PieceForm::kMerges : PieceForm::kScores);
    FitTokens();
    if (folder_.chat_template) metadata_.Set("tokenizer.chat_template", Type::kString, *folder_.chat_template);
    std::vector<std::string> names;
    for (const auto& [name, text] : folder_.more_templates) {
      metadata_.Set("tokenizer.chat_template." + name, Type::kString, text);
      names.push_back(name);
    }
    if (!names.empty()) metadata_.Set("tokenizer.chat_templates", Type::kString, std::move(names));
    SetUnlessThere("bos");
    SetUnlessThere("pad", "padding");
    SetEnds();
    SetSampling();
    return std::move(metadata_);
  }

 private:
  // Readers of GGUF files take the number of tokens for that of the embedding's rows.
  void FitTokens() {
    std::vector<std::string> tokens = *metadata_.Strings("tokenizer.ggml.tokens");
    if (tokens.size() == vocab_) return;
    auto kinds = *metadata_.Ints("tokenizer.ggml.token_type");
    auto scores = metadata_.Floats("tokenizer.ggml.scores");
    if (tokens.size() > vocab_) LeaveOutTokensWithoutRow(tokens);
    while (tokens.size() < vocab_) tokens.push_back(UnusedTokenName(tokens.size()));
    kinds.resize(vocab_, static_cast<int64_t>(TokenKind::kUnused));
    metadata_.Set("tokenizer.ggml.tokens", Type::kString, std::move(tokens));
    metadata_.Set("tokenizer.ggml.token_type", Type::kInt32, std::move(kinds));
    if (!scores) return;
    scores->resize(vocab_, -static_cast<double>(vocab_));
    metadata_.Set("tokenizer.ggml.scores", Type::kFloat32, std::move(*scores));
  }

  void LeaveOutTokensWithoutRow(std::vector<std::string>& tokens) {
    RequireRows(Tokenizer::FromGguf(metadata_), vocab_, folder_.path.string());
    for (size_t i = vocab_; i < tokens.size(); ++i) {
      notes_.push_back(fmt::format("the token '{}' is left out: the model has no row for its id {}", tokens[i], i));
    }
    tokens.resize(vocab_);
    for (const char* name : {"bos", "eos", "eot", "unknown", "padding"}) {
      if (const auto id = metadata_.Int(fmt::format("tokenizer.ggml.{}_token_id", name))) SetId(name, *id);
    }
  }

  void SetId(const std::string& name, int64_t id) {
    if (id == -1) return;  // how some files write "none"
    if (id < 0 || static_cast<size_t>(id) >= vocab_) {
      throw Error(ErrorCategory::kCorrupt, "{}: {}_token_id is {}, the model has {} tokens", folder_.path.string(),
                  name, id, vocab_);
    }
    metadata_.Set(fmt::format("tokenizer.ggml.{}_token_id", name), Type::kUint32, static_cast<uint64_t>(id));
  }

  void SetUnlessThere(const std::string& name, const char* gguf_name = nullptr) {
    const std::string place = gguf_name ? gguf_name : name;
    const std::vector<int64_t> ids = Ids(folder_, (name + "_token_id").c_str());
    if (!ids.empty() && !metadata_.Find("tokenizer.ggml." + place + "_token_id")) SetId(place, ids[0]);
  }

  // The format has three places for tokens that end a turn or a text.
  void SetEnds() {
    std::vector<int64_t> ids = Ids(folder_, "eos_token_id");
    if (!ids.empty() && !metadata_.Find("tokenizer.ggml.eos_token_id")) SetId("eos", ids[0]);
    const auto eos = metadata_.Int("tokenizer.ggml.eos_token_id");
    std::erase_if(ids, [&](int64_t id) { return id == eos; });
    const char* const places[] = {"eot", "eom"};
    for (size_t i = 0; i < ids.size() && i < std::size(places); ++i) SetId(places[i], ids[i]);
    for (size_t i = std::size(places); i < ids.size(); ++i) {
      notes_.push_back(fmt::format("eos_token_id {} is left out: a GGUF file names three end tokens", ids[i]));
    }
  }

  void SetSampling() {
    if (!folder_.generation_config) return;
    std::vector<int64_t> suppressed = folder_.GenerationIds(kSuppressedJson);
    std::erase_if(suppressed, [&](int64_t id) {
      if (static_cast<size_t>(id) < vocab_) return false;
      notes_.push_back(fmt::format("{} {} is left out: the model has {} tokens", kSuppressedJson, id, vocab_));
      return true;
    });
    if (!suppressed.empty()) metadata_.Set(kSuppressedKey, Type::kInt32, std::move(suppressed));
    const json::value* samples = Field(*folder_.generation_config, "do_sample");
    if (samples && *samples == false) return;
    for (const SamplingKey& name : kSamplingKeys) {
      if (!name.json) continue;
      const json::value* value = Field(*folder_.generation_config, name.json);
      if (!value || !value->is_number()) continue;
      if (!name.whole) {
        metadata_.Set(name.gguf, Type::kFloat32, value->to_number<double>());
      } else if (value->is_int64()) {
        metadata_.Set(name.gguf, Type::kInt32, std::clamp<int64_t>(value->get_int64(), 0, INT32_MAX));
      }
    }
  }

  const HfFolder& folder_;
  size_t vocab_;
  std::vector<std::string>& notes_;
  Metadata metadata_;
};

json::object GenerationConfig(const Metadata& metadata, const SpecialTokenIds& special) {
  json::object out;
  if (special.bos) out["bos_token_id"] = *special.bos;
  if (special.end.size() == 1) out["eos_token_id"] = special.end[0];
  if (special.end.size() > 1) out["eos_token_id"] = json::value_from(special.end);
  if (special.pad) out["pad_token_id"] = *special.pad;
  if (const auto suppressed = metadata.Ints(kSuppressedKey)) out[kSuppressedJson] = json::value_from(*suppressed);
  for (const SamplingKey& name : kSamplingKeys) {
    if (!name.json) continue;
    const auto value = metadata.Float(name.gguf);
    if (!value) continue;
    out["do_sample"] = true;
    // The shortest decimal that is this float: 0.6, not 0.6000000238.
    if (name.whole) {
      out[name.json] = static_cast<int64_t>(*value);
    } else {
      out[name.json] = std::stod(fmt::format("{}", static_cast<float>(*value)));
    }
  }
  return out;
}

}  // namespace

Metadata GgufSettings(const HfFolder& folder, size_t vocab, std::vector<std::string>& notes) {
  return GgufWriting(folder, vocab, notes).Write();
}

FolderSettings HfSettings(const Metadata& metadata) {
  FolderSettings out;
  out.files.emplace_back("tokenizer.json", TokenizerJson(metadata));
  out.files.emplace_back("tokenizer_config.json", TokenizerConfigJson(metadata));
  const SpecialTokenIds special = Tokenizer::FromGguf(metadata).special();
  out.files.emplace_back("generation_config.json", json::serialize(GenerationConfig(metadata, special)) + "\n");
  if (special.bos) out.ids["bos_token_id"] = *special.bos;
  if (special.eos) out.ids["eos_token_id"] = *special.eos;
  return out;
}

FolderSettings HfSettings(const HfFolder& folder) {
  FolderSettings out;
  out.files.emplace_back("tokenizer.json", folder.tokenizer_json);
  for (const char* name : {"tokenizer_config.json", "generation_config.json", "chat_template.jinja"}) {
    if (fs::exists(folder.path / name)) out.files.emplace_back(name, ReadTextFile(folder.path / name, "a text file"));
  }
  // chat_template.jinja stands for all, where it is; those beside it go into the one list that every reader knows.
  if (fs::exists(folder.path / "chat_template.jinja") && !folder.more_templates.empty()) {
    json::object config = folder.tokenizer_config.value_or(json::object());
    json::array list{{{"name", "default"}, {"template", *folder.chat_template}}};
    for (const auto& [name, text] : folder.more_templates) list.push_back({{"name", name}, {"template", text}});
    config["chat_template"] = std::move(list);
    std::erase_if(out.files, [](const auto& file) {
      return file.first == "chat_template.jinja" || file.first == "tokenizer_config.json";
    });
    out.files.emplace_back("tokenizer_config.json", json::serialize(config) + "\n");
  }
  for (const char* name : {"bos_token_id", "eos_token_id"}) {
    if (const json::value* id = Field(folder.config, name)) out.ids[name] = *id;
  }
  return out;
}

}  // namespace sheepop
