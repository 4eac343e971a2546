#include "tokenize/tokenizer_json_writer.h"

#include <boost/json.hpp>

#include "base/error.h"
#include "tokenize/pre_tokenizers.h"
#include "tokenize/sentencepiece.h"
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
    if (model != "gpt2" && model != "t5") {
      throw Error(ErrorCategory::kUnsupported,
                  "tokenizer.ggml.model is '{}'; 'gpt2' and 't5' can be written as tokenizer.json", model);
    }
    const bool byte_level = model == "gpt2";
    bj::object out{{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}, {"added_tokens", AddedTokens()}};
    out["normalizer"] = byte_level ? ByteLevelNormalizer() : bj::value(nullptr);
    out["pre_tokenizer"] = byte_level ? ByteLevelPreTokenizer() : Metaspace();
    out["post_processor"] = nullptr;
    out["decoder"] = byte_level ? ByteLevel(false) : UnigramDecoder();
    out["model"] = byte_level ? Bpe() : UnigramModel();
    return out;
  }

  bj::object Config() const {
    bj::object out{{"tokenizer_class", "PreTrainedTokenizerFast"}, {"clean_up_tokenization_spaces", false}};
    for (const auto& [key, name] :
         {std::pair{"bos", "bos_token"}, {"eos", "eos_token"}, {"padding", "pad_token"}, {"unknown", "unk_token"}}) {
      const auto id = metadata_.Int("tokenizer.ggml." + std::string(key) + "_token_id");
      if (id && *id >= 0 && static_cast<size_t>(*id) < tokens_->size())
        out[name] = (*tokens_)[static_cast<size_t>(*id)];
    }
    if (const auto add = metadata_.Bool("tokenizer.ggml.add_bos_token")) out["add_bos_token"] = *add;
    if (const auto* chat = metadata_.String("tokenizer.chat_template")) out["chat_template"] = *chat;
    return out;
  }

 private:
  TokenKind Kind(size_t i) const { return static_cast<TokenKind>(kinds_[i]); }

  bj::array AddedTokens() const {
    bj::array out;
    for (size_t i = 0; i < tokens_->size(); ++i) {
      if (Kind(i) != TokenKind::kControl && Kind(i) != TokenKind::kUserDefined && Kind(i) != TokenKind::kUnknown)
        continue;
      out.push_back(bj::object{{"id", i},
                               {"content", (*tokens_)[i]},
                               {"single_word", false},
                               {"lstrip", false},
                               {"rstrip", false},
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

  bj::object Bpe() const {
    bj::object vocabulary;
    vocabulary.reserve(tokens_->size());
    for (size_t i = 0; i < tokens_->size(); ++i) vocabulary[(*tokens_)[i]] = i;
    if (vocabulary.size() != tokens_->size()) {
      throw Error(ErrorCategory::kUnsupported,
                  "tokenizer.ggml.tokens holds the same text twice, tokenizer.json cannot");
    }
    const std::vector<std::string>* merges = metadata_.Strings("tokenizer.ggml.merges");
    if (!merges) throw Error(ErrorCategory::kCorrupt, "tokenizer.ggml.merges is missing");
    bj::array pairs;
    for (const std::string& merge : *merges) {
      const size_t space = merge.find(' ', 1);
      if (space == std::string::npos) throw Error(ErrorCategory::kCorrupt, "the merge '{}' has no space", merge);
      pairs.push_back(bj::array{merge.substr(0, space), merge.substr(space + 1)});
    }
    return {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"ignore_merges", Pre().ignore_merges},
            {"vocab", std::move(vocabulary)},
            {"merges", std::move(pairs)}};
  }

  bj::object Metaspace() const {
    const bool prefix = metadata_.Bool("tokenizer.ggml.add_space_prefix").value_or(true);
    return {{"type", "Metaspace"},
            {"replacement", kSpaceSymbol},
            {"prepend_scheme", prefix ? "always" : "never"},
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
    const auto scores = metadata_.Floats("tokenizer.ggml.scores");
    if (!scores || scores->size() != tokens_->size()) {
      throw Error(ErrorCategory::kCorrupt, "tokenizer.ggml.scores does not have one score for each of {} tokens",
                  tokens_->size());
    }
    bj::array vocabulary;
    for (size_t i = 0; i < tokens_->size(); ++i) vocabulary.push_back(bj::array{(*tokens_)[i], (*scores)[i]});
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
