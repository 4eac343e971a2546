#include "tokenize/gguf_to_json.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/error.h"
#include "tokenize/pre_tokenizers.h"
#include "tokenize/sentencepiece.h"
#include "tokenize/sentencepiece_merges.h"
#include "tokenize/tokenizer_parts.h"
#include "tokenize/vocabulary.h"

namespace sheepop {
namespace {

namespace bj = boost::json;

class Writer {
 public:
  explicit Writer(const Metadata& metadata) : metadata_(metadata) {
    const std::vector<std::string>* tokens = metadata.Strings("tokenizer.ggml.tokens");
    if (!tokens || tokens->empty()) throw Error(ErrorCategory::kCorrupt, "tokenizer.ggml.tokens is missing or empty");
    tokens_ = tokens;
    kinds_ = metadata.Ints("tokenizer.ggml.token_type").value_or(std::vector<int64_t>(tokens->size(), 1));
    if (kinds_.size() != tokens->size()) {
      throw Error(ErrorCategory::kCorrupt, "tokenizer.ggml.token_type has {} entries, tokenizer.ggml.tokens has {}",
                  kinds_.size(), tokens->size());
    }
  }

  bj::object Tokenizer() const {
    const std::string& model = metadata_.RequireString("tokenizer.ggml.model");
    bj::object out{{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}, {"added_tokens", AddedTokens()}};
    if (model == "gpt2") {
      out["normalizer"] = ByteLevelNormalizer();
      out["pre_tokenizer"] = ByteLevelPreTokenizer();
      out["decoder"] = ByteLevel(false);
      out["model"] = Bpe(ListedMerges(), "");
      out["model"].as_object()["ignore_merges"] = Pre().ignore_merges;
    } else if (model == "llama") {
      out["normalizer"] = SpacesNormalizer();
      out["pre_tokenizer"] = nullptr;
      out["decoder"] = SpacesDecoder();
      out["model"] = SentencePieceBpe();
    } else if (model == "gemma4") {
      out["normalizer"] = SpacesNormalizer();
      out["pre_tokenizer"] = nullptr;
      out["decoder"] = SpacesDecoder();
      out["model"] = MergedPieces();
    } else if (model == "t5") {
      RefuseUnigramNormalizers();
      out["normalizer"] = nullptr;
      out["pre_tokenizer"] = Metaspace();
      out["decoder"] = UnigramDecoder();
      out["model"] = UnigramModel();
    } else {
      throw Error(ErrorCategory::kUnsupported,
                  "tokenizer.ggml.model is '{}'; 'gpt2', 'llama', 'gemma4' and 't5' can be written as tokenizer.json",
                  model);
    }
    out["post_processor"] = Template();
    return out;
  }

  bj::object Config() const {
    bj::object out{{"tokenizer_class", "PreTrainedTokenizerFast"}, {"clean_up_tokenization_spaces", false}};
    for (const auto& [key, name] :
         {std::pair{"bos", "bos_token"}, {"eos", "eos_token"}, {"padding", "pad_token"}, {"unknown", "unk_token"}}) {
      if (const auto id = Id(key)) out[name] = (*tokens_)[*id];
    }
    out["add_bos_token"] = Adds("bos");
    out["add_eos_token"] = Adds("eos");
    const auto* chat = metadata_.String("tokenizer.chat_template");
    if (chat) out["chat_template"] = *chat;
    bj::array list;
    constexpr std::string_view kNamed = "tokenizer.chat_template.";
    for (const Metadata::Entry& entry : metadata_.entries()) {
      const auto* text = entry.key.starts_with(kNamed) ? std::get_if<std::string>(&entry.value) : nullptr;
      if (text) list.push_back({{"name", entry.key.substr(kNamed.size())}, {"template", *text}});
    }
    if (!list.empty()) {
      if (chat) list.push_back({{"name", "default"}, {"template", *chat}});
      out["chat_template"] = std::move(list);
    }
    return out;
  }

 private:
  TokenKind Kind(size_t i) const {
    const auto kind = kinds_[i] >= 1 && kinds_[i] <= 6 ? static_cast<TokenKind>(kinds_[i]) : TokenKind::kNormal;
    return kind == TokenKind::kUserDefined && LooksLikeControl((*tokens_)[i]) ? TokenKind::kControl : kind;
  }

  std::optional<size_t> Id(std::string_view key) const {
    const auto id = metadata_.Int("tokenizer.ggml." + std::string(key) + "_token_id");
    if (!id || *id < 0 || static_cast<size_t>(*id) >= tokens_->size()) return std::nullopt;
    return static_cast<size_t>(*id);
  }

  // Whether `what`, bos or eos, belongs to a text, as Tokenizer::FromGguf decides it.
  bool Adds(std::string_view what) const {
    const std::string& model = metadata_.RequireString("tokenizer.ggml.model");
    if (model == "gemma4" && what == "bos") return true;
    const bool usual = what == "bos" ? model == "llama" || (model == "gpt2" && Pre().add_bos) : model == "t5";
    return metadata_.Bool("tokenizer.ggml.add_" + std::string(what) + "_token").value_or(usual);
  }

  // What the `tokenizers` package puts around a text, or around each of two.
  bj::value Template() const {
    bj::array single, pair;
    bj::object special;
    const auto text = [](const char* id, int type) {
      return bj::object{{"Sequence", bj::object{{"id", id}, {"type_id", type}}}};
    };
    const auto token = [&](std::string_view key, int type) -> bj::array {
      const auto id = Id(key);
      if (!id || !Adds(key)) return {};
      const std::string& name = (*tokens_)[*id];
      special[name] = bj::object{{"id", name}, {"ids", bj::array{*id}}, {"tokens", bj::array{name}}};
      return {bj::object{{"SpecialToken", bj::object{{"id", name}, {"type_id", type}}}}};
    };
    for (const int type : {0, 1}) {
      bj::array part = token("bos", type);
      part.push_back(text(type == 0 ? "A" : "B", type));
      for (bj::value& end : token("eos", type)) part.push_back(std::move(end));
      if (type == 0) single = part;
      for (bj::value& item : part) pair.push_back(std::move(item));
    }
    if (special.empty()) return nullptr;
    return bj::object{{"type", "TemplateProcessing"},
                      {"single", std::move(single)},
                      {"pair", std::move(pair)},
                      {"special_tokens", std::move(special)}};
  }

  // The rule of Tokenizer::FromGguf for a model whose files do not say it.
  bool StripsRight(size_t i) const {
    const std::string* architecture = metadata_.String("general.architecture");
    const std::string* model = metadata_.String("tokenizer.ggml.model");
    if (!architecture || *architecture != "phi3" || !model || *model != "llama") return false;
    const std::string& name = (*tokens_)[i];
    return name == "</s>" || (LooksLikeControl(name) && name != "<|endoftext|>");
  }

  bj::array AddedTokens() const {
    bj::array out;
    for (size_t i = 0; i < tokens_->size(); ++i) {
      if (Kind(i) != TokenKind::kControl && Kind(i) != TokenKind::kUserDefined && Kind(i) != TokenKind::kUnknown)
        continue;
      out.push_back(bj::object{{"id", i},
                               {"content", (*tokens_)[i]},
                               {"single_word", false},
                               {"lstrip", false},
                               {"rstrip", StripsRight(i)},
                               {"normalized", false},
                               {"special", Kind(i) != TokenKind::kUserDefined}});
    }
    return out;
  }

  PreTokenizer Pre() const {
    const std::string* name = metadata_.String("tokenizer.ggml.pre");
    return PreTokenizerOf(name ? *name : "");
  }

  bj::value ByteLevelNormalizer() const {
    if (Pre().nfc) return bj::object{{"type", "NFC"}};
    return nullptr;
  }

  bj::object ByteLevel(bool use_regex) const {
    const bool prefix = metadata_.Bool("tokenizer.ggml.add_space_prefix").value_or(false);
    return {{"type", "ByteLevel"}, {"add_prefix_space", prefix}, {"trim_offsets", true}, {"use_regex", use_regex}};
  }

  bj::object ByteLevelPreTokenizer() const {
    const std::vector<SplitStep> steps = Pre().steps;
    if (steps.size() == 1 && steps[0].pattern == kGpt2Pattern) return ByteLevel(true);
    bj::array sequence;
    for (const SplitStep& step : steps) {
      sequence.push_back(bj::object{{"type", "Split"},
                                    {"pattern", bj::object{{"Regex", step.pattern}}},
                                    {"behavior", "Isolated"},
                                    {"invert", false}});
    }
    sequence.push_back(ByteLevel(false));
    return {{"type", "Sequence"}, {"pretokenizers", std::move(sequence)}};
  }

  bj::array ListedMerges() const {
    const std::vector<std::string>* merges = metadata_.Strings("tokenizer.ggml.merges");
    if (!merges) throw Error(ErrorCategory::kCorrupt, "tokenizer.ggml.merges is missing");
    bj::array pairs;
    for (const std::string& merge : *merges) {
      const size_t space = merge.find(' ', 1);
      if (space == std::string::npos) throw Error(ErrorCategory::kCorrupt, "the merge '{}' has no space", merge);
      pairs.push_back(bj::array{merge.substr(0, space), merge.substr(space + 1)});
    }
    return pairs;
  }

  bj::object Bpe(bj::array merges, std::string_view unknown) const {
    bj::object vocabulary;
    vocabulary.reserve(tokens_->size());
    for (size_t i = 0; i < tokens_->size(); ++i) vocabulary[(*tokens_)[i]] = i;
    if (vocabulary.size() != tokens_->size()) {
      throw Error(ErrorCategory::kUnsupported,
                  "tokenizer.ggml.tokens holds the same text twice, tokenizer.json cannot");
    }
    const bool spaces = !unknown.empty();
    return {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", spaces ? bj::value(unknown) : nullptr},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", spaces},
            {"byte_fallback", spaces},
            {"ignore_merges", false},
            {"vocab", std::move(vocabulary)},
            {"merges", std::move(merges)}};
  }

  std::vector<double> Scores() const {
    auto scores = metadata_.Floats("tokenizer.ggml.scores");
    if (!scores || scores->size() != tokens_->size()) {
      throw Error(ErrorCategory::kCorrupt, "tokenizer.ggml.scores does not have one score for each of {} tokens",
                  tokens_->size());
    }
    return std::move(*scores);
  }

  bj::object SentencePieceBpe() const {
    const std::vector<double> scores = Scores();
    std::vector<TokenKind> kinds;
    for (size_t i = 0; i < tokens_->size(); ++i) kinds.push_back(Kind(i));
    bj::array merges;
    for (const PiecePair& pair : MergesOfScores({*tokens_, kinds}, scores)) {
      merges.push_back(bj::array{pair.left, pair.right});
    }
    const auto unknown = Id("unknown");
    bj::object out = Bpe(std::move(merges), unknown ? (*tokens_)[*unknown] : "");
    out["byte_fallback"] = true;
    return out;
  }

  bj::object MergedPieces() const {
    const auto unknown = Id("unknown");
    bj::object out = Bpe(ListedMerges(), unknown ? (*tokens_)[*unknown] : "");
    out["byte_fallback"] = true;
    return out;
  }

  bool SpacePrefix() const {
    const bool usual = metadata_.RequireString("tokenizer.ggml.model") != "gemma4";
    return metadata_.Bool("tokenizer.ggml.add_space_prefix").value_or(usual);
  }

  bj::value SpacesNormalizer() const {
    bj::object replace{{"type", "Replace"}, {"pattern", bj::object{{"String", " "}}}, {"content", kSpaceSymbol}};
    if (!SpacePrefix()) return replace;
    return bj::object{
        {"type", "Sequence"},
        {"normalizers", bj::array{bj::object{{"type", "Prepend"}, {"prepend", kSpaceSymbol}}, std::move(replace)}}};
  }

  bj::object SpacesDecoder() const {
    bj::array steps{
        bj::object{{"type", "Replace"}, {"pattern", bj::object{{"String", kSpaceSymbol}}}, {"content", " "}},
        bj::object{{"type", "ByteFallback"}}, bj::object{{"type", "Fuse"}}};
    if (SpacePrefix()) steps.push_back(bj::object{{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
    return {{"type", "Sequence"}, {"decoders", std::move(steps)}};
  }

  void RefuseUnigramNormalizers() const {
    const auto map = metadata_.Ints("tokenizer.ggml.precompiled_charsmap");
    const bool collapses = metadata_.Bool("tokenizer.ggml.remove_extra_whitespaces").value_or(false);
    if ((!map || map->empty()) && !collapses) return;
    throw Error(ErrorCategory::kUnsupported, "tokenizer.ggml.{} of a 't5' vocabulary is not written as tokenizer.json",
                collapses ? "remove_extra_whitespaces" : "precompiled_charsmap");
  }

  bj::object Metaspace() const {
    return {{"type", "Metaspace"},
            {"replacement", kSpaceSymbol},
            {"prepend_scheme", SpacePrefix() ? "always" : "never"},
            {"split", !HasSpaceInside()}};
  }

  // Whether a piece reaches over a space, in front of which Metaspace would split.
  bool HasSpaceInside() const {
    for (size_t i = 0; i < tokens_->size(); ++i) {
      if (Kind(i) == TokenKind::kNormal && (*tokens_)[i].find(kSpaceSymbol, 1) != std::string::npos) return true;
    }
    return false;
  }

  bj::object UnigramDecoder() const {
    return {{"type", "Sequence"}, {"decoders", bj::array{bj::object{{"type", "ByteFallback"}}, Metaspace()}}};
  }

  bj::object UnigramModel() const {
    const std::vector<double> scores = Scores();
    bj::array vocabulary;
    for (size_t i = 0; i < tokens_->size(); ++i) vocabulary.push_back(bj::array{(*tokens_)[i], scores[i]});
    bj::object out{{"type", "Unigram"}, {"byte_fallback", true}, {"vocab", std::move(vocabulary)}, {"unk_id", nullptr}};
    if (const auto unknown = metadata_.Int("tokenizer.ggml.unknown_token_id")) out["unk_id"] = *unknown;
    return out;
  }

  const Metadata& metadata_;
  const std::vector<std::string>* tokens_ = nullptr;
  std::vector<int64_t> kinds_;
};

}  // namespace

std::string TokenizerJson(const Metadata& metadata) { return bj::serialize(Writer(metadata).Tokenizer()) + "\n"; }
std::string TokenizerConfigJson(const Metadata& metadata) { return bj::serialize(Writer(metadata).Config()) + "\n"; }

}  // namespace sheepop
