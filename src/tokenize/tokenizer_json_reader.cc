#include "tokenize/tokenizer_json_reader.h"

#include <boost/json/parse.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "tokenize/json_fields.h"
#include "tokenize/json_pipeline.h"
#include "tokenize/pre_tokenizers.h"
#include "tokenize/sentencepiece.h"
#include "tokenize/tokenizer.h"

namespace sheepop {
namespace {

namespace bj = boost::json;
using Type = Metadata::GgufType;

// Reads what Tokenizer::FromJson has accepted, so types and ids are known to be right.
class Reader {
 public:
  Reader(bj::object json, bj::object config, const Tokenizer& tokenizer)
      : json_(std::move(json)), config_(std::move(config)), tokenizer_(tokenizer) {}

  Metadata Read() {
    const bj::object& model = json_.at("model").as_object();
    const JsonPipeline pipeline = ReadPipeline(json_);
    if (json::StringAt(model, "model", "type") == "Unigram") return ReadUnigram(model, pipeline);
    if (!pipeline.byte_level) {
      throw Error(ErrorCategory::kUnsupported,
                  "only byte-level BPE and unigram vocabularies of tokenizer.json can be kept in a GGUF file");
    }
    Set("model", Type::kString, std::string("gpt2"));
    Set("pre", Type::kString, PreName(model, pipeline));
    SetTokens(model);
    SetMerges(model);
    if (pipeline.prefix_space != PrefixSpace::kNever) Set("add_space_prefix", Type::kBool, true);
    SetSpecial();
    return std::move(metadata_);
  }

 private:
  void Set(std::string_view key, Type type, Metadata::Value value) {
    metadata_.Set("tokenizer.ggml." + std::string(key), type, std::move(value));
  }

  // What GGUF can say of a unigram vocabulary: spaces are U+2581, none is put in front, and no other step changes or cuts
  // the text. Metaspace's cuts in front of spaces change nothing where no piece reaches over one.
  Metadata ReadUnigram(const bj::object& model, const JsonPipeline& pipeline) {
    const bj::object* pre = json::ObjectAt(json_, "", "pre_tokenizer");
    const bool metaspace = pre && json::StringAt(*pre, "pre_tokenizer", "type") == "Metaspace";
    if (!metaspace || json::ObjectAt(json_, "", "normalizer") || pipeline.prefix_space != PrefixSpace::kNever) {
      throw Error(ErrorCategory::kUnsupported,
                  "only unigram vocabularies of tokenizer.json without a normalizer and with a Metaspace that never "
                  "prepends can be kept in a GGUF file");
    }
    std::vector<std::string> names;
    std::vector<double> scores;
    std::vector<int64_t> kinds;
    for (const bj::value& item : model.at("vocab").as_array()) {
      const auto token = static_cast<Token>(names.size());
      names.emplace_back(json::View(item.as_array()[0].as_string()));
      scores.push_back(item.as_array()[1].to_number<double>());
      kinds.push_back(static_cast<int64_t>(tokenizer_.Kind(token)));
      if (tokenizer_.Kind(token) == TokenKind::kNormal && !pipeline.steps.empty() &&
          names.back().find(kSpaceSymbol, 1) != std::string::npos) {
        throw Error(ErrorCategory::kUnsupported, "the piece '{}' reaches over a space where tokenizer.json cuts", names.back());
      }
    }
    if (names.size() != tokenizer_.vocab_size()) {
      throw Error(ErrorCategory::kUnsupported, "tokenizer.json has added tokens beyond its unigram vocabulary");
    }
    Set("model", Type::kString, std::string("t5"));
    Set("tokens", Type::kString, std::move(names));
    Set("token_type", Type::kInt32, std::move(kinds));
    Set("scores", Type::kFloat32, std::move(scores));
    Set("add_space_prefix", Type::kBool, false);
    SetSpecial();
    return std::move(metadata_);
  }

  std::string PreName(const bj::object& model, const JsonPipeline& pipeline) const {
    const bj::object* normalizer = json::ObjectAt(json_, "", "normalizer");
    const std::string_view type = normalizer ? json::StringAt(*normalizer, "normalizer", "type") : "";
    if (!type.empty() && type != "NFC") {
      throw Error(ErrorCategory::kUnsupported, "the normalizer {} of tokenizer.json has no name in GGUF files", type);
    }
    const PreTokenizer wanted{pipeline.steps, type == "NFC", json::BoolAt(model, "model", "ignore_merges", false),
                              false};
    const std::string_view name = NameOf(wanted);
    if (name.empty()) {
      throw Error(ErrorCategory::kUnsupported, "the pre_tokenizer of tokenizer.json has no name in GGUF files");
    }
    return std::string(name);
  }

  void SetTokens(const bj::object& model) {
    std::vector<std::string> names(tokenizer_.vocab_size());
    for (const auto& [key, id] : model.at("vocab").as_object()) names[static_cast<size_t>(id.as_int64())] = key;
    const bj::array* added = json::ArrayAt(json_, "", "added_tokens");
    for (const bj::value& item : added ? *added : bj::array()) {
      const bj::object& token = item.as_object();
      const auto id = static_cast<Token>(token.at("id").as_int64());
      names[static_cast<size_t>(id)] = json::StringAt(token, "added_tokens[]", "content");
      for (const char* flag : {"single_word", "lstrip", "rstrip"}) {
        if (tokenizer_.Kind(id) != TokenKind::kUserDefined || !json::BoolAt(token, "added_tokens[]", flag, false))
          continue;
        throw Error(ErrorCategory::kUnsupported, "the added token '{}' is {}, which GGUF files cannot say",
                    names[static_cast<size_t>(id)], flag);
      }
    }
    std::vector<int64_t> kinds;
    for (size_t i = 0; i < names.size(); ++i) {
      kinds.push_back(static_cast<int64_t>(tokenizer_.Kind(static_cast<Token>(i))));
      if (names[i].empty()) names[i] = fmt::format("[PAD{}]", i);  // a hole in the ids
    }
    Set("tokens", Type::kString, std::move(names));
    Set("token_type", Type::kInt32, std::move(kinds));
  }

  void SetMerges(const bj::object& model) {
    const bj::array* items = json::ArrayAt(model, "model", "merges");
    std::vector<std::string> merges;
    for (const bj::value& item : items ? *items : bj::array()) {
      if (const bj::string* text = item.if_string()) {
        merges.emplace_back(json::View(*text));
      } else {
        const bj::array& pair = item.as_array();
        merges.push_back(fmt::format("{} {}", json::View(pair[0].as_string()), json::View(pair[1].as_string())));
      }
    }
    Set("merges", Type::kString, std::move(merges));
  }

  void SetSpecial() {
    const SpecialTokenIds& special = tokenizer_.special();
    const auto id = [&](const char* key, std::optional<Token> token) {
      if (token) Set(key, Type::kUint32, static_cast<uint64_t>(*token));
    };
    id("bos_token_id", special.bos);
    id("eos_token_id", special.eos);
    id("padding_token_id", special.pad);
    id("unknown_token_id", special.unknown);
    Set("add_bos_token", Type::kBool, special.add_bos);
    Set("add_eos_token", Type::kBool, special.add_eos);
    const bj::value* chat = json::FieldAt(config_, "chat_template");
    if (chat && chat->is_string()) {
      metadata_.Set("tokenizer.chat_template", Type::kString, std::string(json::View(chat->get_string())));
    }
  }

  bj::object json_, config_;
  const Tokenizer& tokenizer_;
  Metadata metadata_;
};

bj::object Parse(std::string_view text) {
  if (text.empty()) return {};
  bj::parse_options options;
  options.max_depth = 64;
  return bj::parse({text.data(), text.size()}, {}, options).as_object();
}

}  // namespace

Metadata TokenizerJsonMetadata(std::string_view tokenizer_json, std::string_view tokenizer_config_json) {
  const Tokenizer tokenizer = Tokenizer::FromJson(tokenizer_json, tokenizer_config_json);
  return Reader(Parse(tokenizer_json), Parse(tokenizer_config_json), tokenizer).Read();
}

}  // namespace sheepop
