#include "tokenize/tokenizer_source.h"

#include <fmt/core.h>

#include <array>
#include <variant>

#include "base/error.h"
#include "base/sha256.h"
#include "base/text_file.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/gguf_writer.h"
#include "tokenize/json_to_gguf.h"

namespace sheepop {
namespace {

bool Exists(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

TokenizerSource FromMetadata(std::filesystem::path path, const Metadata& metadata) {
  TokenizerSource source;
  source.path = std::move(path);
  for (const Metadata::Entry& entry : metadata.entries()) {
    if (entry.key.starts_with("tokenizer.")) source.metadata.Set(entry.key, entry.type, entry.value);
  }
  source.tokenizer = std::make_shared<const Tokenizer>(Tokenizer::FromGguf(metadata));
  return source;
}

TokenizerSource FromJson(const std::filesystem::path& path) {
  const std::filesystem::path config = path.parent_path() / "tokenizer_config.json";
  const std::string json = ReadTextFile(path, "a tokenizer.json");
  const std::string settings = Exists(config) ? ReadTextFile(config, "a tokenizer_config.json") : "";
  try {
    return FromMetadata(path, TokenizerJsonMetadata(json, settings));
  } catch (const Error& error) {
    throw Error(error.category(), "{}: {}", path.string(), error.what());
  }
}

void Update(Sha256& hash, const Metadata::Value& value) {
  const auto add = [&](std::string_view text) {
    hash.Update(fmt::format("{}:", text.size()));
    hash.Update(text);
  };
  std::visit(
      [&](const auto& held) {
        using Held = std::remove_cvref_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, std::string>) {
          add(held);
        } else if constexpr (std::is_arithmetic_v<Held>) {
          add(fmt::format("{}", held));
        } else {
          add(fmt::format("{}", held.size()));
          for (const auto& item : held) {
            if constexpr (std::is_same_v<Held, std::vector<std::string>>) {
              add(item);
            } else {
              add(fmt::format("{}", item));
            }
          }
        }
      },
      value);
}

}  // namespace

TokenizerSource OpenTokenizer(std::filesystem::path path) {
  if (std::filesystem::is_directory(path)) {
    if (Exists(path / "tokenizer.gguf")) {
      path /= "tokenizer.gguf";
    } else if (Exists(path / "tokenizer.json")) {
      path /= "tokenizer.json";
    } else {
      throw Error(ErrorCategory::kNotFound, "{} holds neither tokenizer.gguf nor tokenizer.json", path.string());
    }
  }
  if (path.extension() == ".json") return FromJson(path);
  const Checkpoint checkpoint = Checkpoint::Open(path);
  return FromMetadata(path, checkpoint.gguf()->metadata());
}

std::string TokenizerFingerprint(const Metadata& metadata) {
  constexpr std::array kKeys = {"model",
                                "pre",
                                "tokens",
                                "token_type",
                                "merges",
                                "scores",
                                "add_space_prefix",
                                "precompiled_charsmap",
                                "remove_extra_whitespaces"};
  Sha256 hash;
  for (const char* key : kKeys) {
    const Metadata::Entry* entry = metadata.Find(std::string("tokenizer.ggml.") + key);
    if (!entry) continue;
    hash.Update(fmt::format("{};", key));
    Update(hash, entry->value);
  }
  return hash.Hex();
}

void WriteTokenizer(const std::filesystem::path& path, Metadata metadata) {
  // Files of a vocabulary alone name an architecture, too: readers ask for one.
  metadata.Set("general.architecture", Metadata::GgufType::kString, std::string("llama"));
  metadata.Set("general.type", Metadata::GgufType::kString, std::string("vocab"));
  GgufWriter(path, metadata, {}).Commit();
}

}  // namespace sheepop
