#include "tokenize/json_to_gguf.h"

#include <fmt/core.h>

#include <boost/json/parse.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "tokenize/json_fields.h"
#include "tokenize/json_pipeline.h"
#include "tokenize/pre_tokenizers.h"
#include "tokenize/sentencepiece.h"
#include "tokenize/sentencepiece_merges.h"
#include "tokenize/tokenizer.h"

namespace sheepop {
namespace {

namespace bj = boost::json;
using Type = Metadata::GgufType;

// Reads what Tokenizer::FromJson has accepted, so types and ids are known to be right.
class Reader {
 public:
  Reader(bj::object json, bj::object config, const Tokenizer& tokenizer, std::vector<std::string>* notes,
         PieceForm form)
      : json_(std::move(json)), config_(std::move(config)), tokenizer_(tokenizer), notes_(notes), form_(form) {}

  Metadata Read() {
    const bj::object& model = json_.at("model").as_object();
    const JsonPipeline pipeline = ReadPipeline(json_);
    if (json::StringAt(model, "model", "type") == "Unigram") return ReadUnigram(model, pipeline);
    ReadTokens(model);
    if (pipeline.byte_level) {
      Set("model", Type::kString, std::string("gpt2"));
      Set("pre", Type::kString, PreName(model, pipeline));
      SetMerges(model);
      if (pipeline.prefix_space != PrefixSpace::kNever) Set("add_space_prefix", Type::kBool, true);
    } else {
      SetSentencePiece(model, pipeline);
    }
    SetTokens();
    SetSpecial();
    return std::move(metadata_);
  }

 private:
  void Set(std::string_view key, Type type, Metadata::Value value) {
    metadata_.Set("tokenizer.ggml." + std::string(key), type, std::move(value));
  }

  // What GGUF can say of a unigram vocabulary: spaces are U+2581, none is put in front, and no other step changes or
  // cuts the text. Metaspace's cuts in front of spaces change nothing where no piece reaches over one.
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
        throw Error(ErrorCategory::kUnsupported, "the piece '{}' reaches over a space where tokenizer.json cuts",
                    names.back());
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

  void ReadTokens(const bj::object& model) {
    names_.resize(tokenizer_.vocab_size());
    for (const auto& [key, id] : model.at("vocab").as_object()) names_[static_cast<size_t>(id.as_int64())] = key;
    const bj::array* added = json::ArrayAt(json_, "", "added_tokens");
    for (const bj::value& item : added ? *added : bj::array()) {
      const bj::object& token = item.as_object();
      const auto id = static_cast<Token>(token.at("id").as_int64());
      names_[static_cast<size_t>(id)] = json::StringAt(token, "added_tokens[]", "content");
      for (const char* flag : {"single_word", "lstrip", "rstrip"}) {
        if (tokenizer_.Kind(id) != TokenKind::kUserDefined || !json::BoolAt(token, "added_tokens[]", flag, false))
          continue;
        throw Error(ErrorCategory::kUnsupported, "the added token '{}' is {}, which GGUF files cannot say",
                    names_[static_cast<size_t>(id)], flag);
      }
    }
    for (size_t i = 0; i < names_.size(); ++i) {
      kinds_.push_back(tokenizer_.Kind(static_cast<Token>(i)));
      if (names_[i].empty()) names_[i] = UnusedTokenName(i);
    }
  }

  void SetTokens() {
    std::vector<int64_t> kinds;
    for (const TokenKind kind : kinds_) kinds.push_back(static_cast<int64_t>(kind));
    Set("tokens", Type::kString, std::move(names_));
    Set("token_type", Type::kInt32, std::move(kinds));
  }

  // A merge is one text or its two sides, which `pair` gets as views into the document.
  template <typename Pair>
  void EachMerge(const bj::object& model, const Pair& pair) const {
    const bj::array* items = json::ArrayAt(model, "model", "merges");
    if (!items) return;
    for (const bj::value& item : *items) {
      if (const bj::string* text = item.if_string()) {
        const std::string_view merge = json::View(*text);
        const size_t space = merge.find(' ');
        pair(merge.substr(0, space), merge.substr(space + 1));
      } else {
        const bj::array& sides = item.as_array();
        pair(json::View(sides[0].as_string()), json::View(sides[1].as_string()));
      }
    }
  }

  void SetMerges(const bj::object& model) {
    std::vector<std::string> merges;
    EachMerge(model, [&](std::string_view left, std::string_view right) {
      merges.push_back(fmt::format("{} {}", left, right));
    });
    Set("merges", Type::kString, std::move(merges));
  }

  void SetSentencePiece(const bj::object& model, const JsonPipeline& pipeline) {
    if (!pipeline.space_symbol) {
      throw Error(
          ErrorCategory::kUnsupported,
          "tokenizer.json is neither byte-level nor does it write spaces as U+2581; GGUF files have no third way");
    }
    if (const bj::object* normalizer = json::ObjectAt(json_, "", "normalizer")) RequireSpacesOnly(*normalizer);
    RequireWholeText(model, pipeline);
    if (pipeline.prefix_only_if_missing) NotePrefix();
    Set("add_space_prefix", Type::kBool, pipeline.prefix_space != PrefixSpace::kNever);
    if (form_ == PieceForm::kMerges) {
      Set("model", Type::kString, std::string("gemma4"));
      Set("pre", Type::kString, std::string("gemma4"));
      return SetMerges(model);
    }
    std::vector<PiecePair> merges;
    EachMerge(model, [&](std::string_view left, std::string_view right) { merges.push_back({left, right}); });
    ScoredPieces scored = ScoresOfMerges({names_, kinds_}, merges);
    kinds_ = std::move(scored.kinds);
    Set("model", Type::kString, std::string("llama"));
    Set("pre", Type::kString, std::string("default"));
    Set("scores", Type::kFloat32, std::move(scored.scores));
  }

  // Prepend and Replace are what GGUF's spaces mean.
  static void RequireSpacesOnly(const bj::object& normalizer) {
    const std::string_view type = json::StringAt(normalizer, "normalizer", "type");
    if (type == "Sequence") {
      const bj::array* items = json::ArrayAt(normalizer, "normalizer", "normalizers");
      for (const bj::value& item : items ? *items : bj::array()) RequireSpacesOnly(item.as_object());
      return;
    }
    const bj::object* pattern = json::ObjectAt(normalizer, "normalizer", "pattern");
    const bool spaces = pattern && json::StringAt(*pattern, "pattern", "String") == " ";
    if (type == "Prepend" || (type == "Replace" && spaces)) return;
    throw Error(ErrorCategory::kUnsupported, "the normalizer {} of tokenizer.json has no name in GGUF files", type);
  }

  void RequireWholeText(const bj::object& model, const JsonPipeline& pipeline) const {
    if (json::BoolAt(model, "model", "ignore_merges", false)) {
      throw Error(ErrorCategory::kUnsupported, "ignore_merges of tokenizer.json has no name in GGUF files");
    }
    if (pipeline.steps.empty()) return;
    // Text cut in front of its spaces is merged as the whole would be when no piece holds a space further in.
    bool same = pipeline.steps.size() == 1 && pipeline.steps[0].literal && pipeline.steps[0].pattern == " " &&
                pipeline.steps[0].rule.behavior == SplitBehavior::kMergedWithNext;
    for (size_t i = 0; i < names_.size(); ++i) {
      same = same && (kinds_[i] != TokenKind::kNormal ||
                      tokenizer_.Piece(static_cast<Token>(i)).find(' ', 1) == std::string_view::npos);
    }
    if (same) return;
    throw Error(ErrorCategory::kUnsupported, "the pre_tokenizer of tokenizer.json has no name in GGUF files");
  }

  void NotePrefix() {
    if (!notes_) {
      throw Error(ErrorCategory::kUnsupported, "the Metaspace of tokenizer.json has no name in GGUF files");
    }
    notes_->push_back(
        "the tokenizer puts no space in front of a text that begins with one, or behind a control token; in GGUF files "
        "it does, so such texts get other tokens");
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
  std::vector<std::string>* notes_;
  PieceForm form_;
  std::vector<std::string> names_;  // [vocabulary size]
  std::vector<TokenKind> kinds_;    // [vocabulary size]
  Metadata metadata_;
};

bj::object Parse(std::string_view text) {
  if (text.empty()) return {};
  bj::parse_options options;
  options.max_depth = 64;
  return bj::parse({text.data(), text.size()}, {}, options).as_object();
}

}  // namespace

Metadata TokenizerJsonMetadata(std::string_view tokenizer_json, std::string_view tokenizer_config_json,
                               std::vector<std::string>* notes, PieceForm form) {
  const Tokenizer tokenizer = Tokenizer::FromJson(tokenizer_json, tokenizer_config_json);
  return Reader(Parse(tokenizer_json), Parse(tokenizer_config_json), tokenizer, notes, form).Read();
}

std::string UnusedTokenName(size_t id) { return fmt::format("[PAD{}]", id); }

}  // namespace sheepop
