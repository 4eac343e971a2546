#include "checkpoint/hf_folder.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/text_file.h"

namespace sheepop {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr size_t kMaxConfigBytes = 64 << 20;

json::object ReadObject(const fs::path& path) {
  return ParseJsonObject(ReadTextFile(path, "a JSON file", kMaxConfigBytes), path.string());
}

std::optional<json::object> ReadOptionalObject(const fs::path& path) {
  return fs::exists(path) ? std::optional(ReadObject(path)) : std::nullopt;
}

json::object ReadConfig(const fs::path& folder) {
  if (fs::exists(folder / "documents.jsonl.zst")) {
    throw Error(ErrorCategory::kUnsupported,
                "{0} is a corpus, not a model; make a model of it: sheepop train {0} -o mine.gguf", folder.string());
  }
  if (!fs::exists(folder / "config.json")) {
    throw Error(ErrorCategory::kNotFound,
                "{} has no config.json, so it is no model folder, or not all of it was downloaded; name a folder that "
                "has one, or a .gguf file",
                folder.string());
  }
  return ReadObject(folder / "config.json");
}

std::string ReadTokenizer(const fs::path& folder) {
  if (fs::exists(folder / "tokenizer.json")) return ReadTextFile(folder / "tokenizer.json", "a tokenizer.json");
  for (const char* older : {"tokenizer.model", "spiece.model", "vocab.json"}) {
    if (!fs::exists(folder / older)) continue;
    throw Error(ErrorCategory::kNotFound,
                "{} has {} but no tokenizer.json; make it with "
                "AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER) of the transformers Python package",
                folder.string(), older);
  }
  throw Error(ErrorCategory::kNotFound, "{} has no tokenizer.json; download it from where the model came from",
              folder.string());
}

using Templates = std::map<std::string, std::string, std::less<>>;

// "chat_template" is a template, which is the default one, or a list of named ones.
Templates TemplatesOf(const json::object& config, const fs::path& path) {
  const json::value* value = config.if_contains("chat_template");
  if (!value || value->is_null()) return {};
  if (const json::string* text = value->if_string()) return {{"default", std::string(*text)}};
  Templates out;
  const json::array* list = value->if_array();
  for (size_t i = 0; list && i < list->size(); ++i) {
    const json::object* named = (*list)[i].if_object();
    const json::value* name = named ? named->if_contains("name") : nullptr;
    const json::value* text = named ? named->if_contains("template") : nullptr;
    if (name && name->is_string() && text && text->is_string()) {
      out.insert_or_assign(std::string(name->get_string()), std::string(text->get_string()));
    }
  }
  if (list) return out;
  throw Error(ErrorCategory::kCorrupt, "{}: \"chat_template\" must be a string or a list of named templates",
              path.string());
}

// Of the folder's own files chat_template.jinja is the default one, additional_chat_templates/NAME.jinja are the others;
// what tokenizer_config.json holds counts where there is no such file.
Templates ReadChatTemplates(const fs::path& folder, const std::optional<json::object>& tokenizer_config) {
  const fs::path own = folder / "chat_template.jinja";
  if (!fs::exists(own)) {
    return tokenizer_config ? TemplatesOf(*tokenizer_config, folder / "tokenizer_config.json") : Templates();
  }
  Templates out = {{"default", ReadTextFile(own, "a chat template", kMaxConfigBytes)}};
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder / "additional_chat_templates", none)) {
    if (entry.path().extension() != ".jinja") continue;
    out[entry.path().stem().string()] = ReadTextFile(entry.path(), "a chat template", kMaxConfigBytes);
  }
  return out;
}

std::vector<int64_t> IdsOf(const json::object& config, std::string_view name, const fs::path& path) {
  const json::value* value = config.if_contains(name);
  if (!value || value->is_null()) return {};
  const json::array one{*value};
  std::vector<int64_t> out;
  for (const json::value& id : value->is_array() ? value->get_array() : one) {
    if (!id.is_int64() || id.get_int64() < -1) {
      throw Error(ErrorCategory::kCorrupt, "{}: {} is {}, which is no token id", path.string(), name,
                  json::serialize(id));
    }
    if (id.get_int64() >= 0) out.push_back(id.get_int64());
  }
  return out;
}

}  // namespace

std::vector<int64_t> HfFolder::ConfigIds(std::string_view name) const {
  return IdsOf(config, name, path / "config.json");
}

std::vector<int64_t> HfFolder::GenerationIds(std::string_view name) const {
  return generation_config ? IdsOf(*generation_config, name, path / "generation_config.json") : std::vector<int64_t>();
}

HfFolder HfFolder::Open(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw Error(ErrorCategory::kNotFound, "{} is no folder", folder.string());
  json::object config = ReadConfig(folder);
  SafetensorsFolder weights = SafetensorsFolder::Open(folder);
  std::string tokenizer = ReadTokenizer(folder);
  auto generation_config = ReadOptionalObject(folder / "generation_config.json");
  auto tokenizer_config = ReadOptionalObject(folder / "tokenizer_config.json");
  const bool single = fs::exists(folder / "model.safetensors");
  auto weight_index = single ? std::nullopt : ReadOptionalObject(folder / kWeightIndex);
  Templates templates = ReadChatTemplates(folder, tokenizer_config);
  std::optional<std::string> chat_template;
  if (auto own = templates.extract("default")) chat_template = std::move(own.mapped());
  return {folder,
          std::move(config),
          std::move(generation_config),
          std::move(tokenizer_config),
          std::move(weight_index),
          std::move(tokenizer),
          std::move(chat_template),
          std::move(templates),
          std::move(weights)};
}

}  // namespace sheepop
