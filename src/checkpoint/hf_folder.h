// A model as a Hugging Face folder: weights, config and tokenizer as their own files. Plain data once opened.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/safetensors.h"

namespace sheepop {

struct HfFolder {
  std::filesystem::path path;
  boost::json::object config;                            // config.json
  std::optional<boost::json::object> generation_config;  // generation_config.json
  std::optional<boost::json::object> tokenizer_config;   // tokenizer_config.json
  std::optional<boost::json::object> weight_index;  // kWeightIndex, where the weights are in the files that it lists
  std::string tokenizer_json;                       // tokenizer.json, unparsed
  // chat_template.jinja, else "chat_template" of tokenizer_config.json (of several, the one named "default").
  std::optional<std::string> chat_template;
  std::map<std::string, std::string, std::less<>> more_templates;  // by name: "tool_use", "rag"
  SafetensorsFolder weights;

  // The ids under "NAME" ("eos_token_id": a number or a list) of one of its two configurations, none where it is absent
  // or null; -1 is how some files write none. kCorrupt, naming the file, for what is no id.
  std::vector<int64_t> ConfigIds(std::string_view name) const;
  std::vector<int64_t> GenerationIds(std::string_view name) const;

  // Throws kNotFound naming the file that is missing and how to get it; otherwise what the files' readers throw.
  static HfFolder Open(const std::filesystem::path& folder);
};

}  // namespace sheepop
