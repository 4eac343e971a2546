#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "tokenize/bpe.h"
#include "tokenize/byte_alphabet.h"
#include "tokenize/pre_tokenizers.h"
#include "tokenize/sentencepiece.h"
#include "tokenize/tokenizer_parts.h"
#include "tokenize/unigram.h"

namespace sheepop {
namespace {

class Loader {
 public:
  explicit Loader(const Metadata& metadata) : metadata_(metadata) {}

  TokenizerParts Load() {
    const std::string& model = metadata_.RequireString("tokenizer.ggml.model");
    ReadTokens();
    if (model == "gpt2") {
      LoadByteLevel();
    } else if (model == "llama") {
      LoadSentencePieceBpe();
    } else if (model == "gemma4") {
      LoadMergedPieces();
    } else if (model == "t5") {
      LoadUnigram();
    } else {
      throw Error(ErrorCategory::kUnsupported,
                  "tokenizer.ggml.model is '{}'; 'gpt2', 'llama', 'gemma4' and 't5' are known here", model);
    }
    parts_.special = std::move(special_);
    return std::move(parts_);
  }

 private:
  void ReadTokens() {
    tokens_ = metadata_.Strings("tokenizer.ggml.tokens");
    if (!tokens_ || tokens_->empty()) {
      throw Error(ErrorCategory::kCorrupt, "tokenizer.ggml.tokens is missing or empty: the file has no vocabulary");
    }
    kinds_.assign(tokens_->size(), TokenKind::kNormal);
    const auto kinds = metadata_.Ints("tokenizer.ggml.token_type");
    if (!kinds) {
      Warn("tokenizer.ggml.token_type", "",
           "every token counts as text: none is kept from being written by a user, and a chat template can make none");
      return;
    }
    RequireSameSize("tokenizer.ggml.token_type", kinds->size());
    for (size_t i = 0; i < kinds->size(); ++i) {
      // 0 is "undefined", and later versions may add kinds: such tokens are text.
      const int64_t kind = (*kinds)[i];
      if (kind >= 1 && kind <= 6) kinds_[i] = static_cast<TokenKind>(kind);
      if (kinds_[i] == TokenKind::kUserDefined && LooksLikeControl((*tokens_)[i])) kinds_[i] = TokenKind::kControl;
    }
  }

  void Warn(const char* key, const char* value, std::string_view effect) {
    parts_.warnings.push_back(
        {"missing_key", key, value, fmt::format("{} is {}: {}", key, *value ? value : "missing", effect)});
  }

  void RequireSameSize(std::string_view key, size_t size) const {
    if (size != tokens_->size()) {
      throw Error(ErrorCategory::kCorrupt, "{} has {} entries, tokenizer.ggml.tokens has {}", key, size,
                  tokens_->size());
    }
  }

  std::optional<Token> Id(std::string_view key) const {
    const std::string full = "tokenizer.ggml." + std::string(key);
    const std::optional<int64_t> id = metadata_.Int(full);
    // Files write -1, or its unsigned twin, for "none".
    if (!id || *id == -1 || *id == 0xFFFFFFFF) return std::nullopt;
    if (*id < 0 || static_cast<size_t>(*id) >= tokens_->size()) {
      throw Error(ErrorCategory::kCorrupt, "{} is {}, the vocabulary has {} tokens", full, *id, tokens_->size());
    }
    return static_cast<Token>(*id);
  }

  void ReadSpecial(Vocabulary& vocabulary, bool add_bos, bool add_eos) {
    special_.bos = Id("bos_token_id");
    special_.eos = Id("eos_token_id");
    special_.pad = Id("padding_token_id");
    special_.unknown = Id("unknown_token_id");
    std::vector<Token> more;
    for (const std::string_view key : {"eot_token_id", "eom_token_id"}) {
      if (const auto id = Id(key)) more.push_back(*id);
    }
    special_.end = FindEndTokens(vocabulary, special_.eos, more);
    special_.add_bos = metadata_.Bool("tokenizer.ggml.add_bos_token").value_or(add_bos);
    special_.add_eos = metadata_.Bool("tokenizer.ggml.add_eos_token").value_or(add_eos);
  }

  void FindAddedTokens(const Vocabulary& vocabulary, bool phi3) {
    std::vector<AddedToken> added;
    for (size_t i = 0; i < tokens_->size(); ++i) {
      const TokenKind kind = vocabulary.Kind(static_cast<Token>(i));
      if (kind != TokenKind::kControl && kind != TokenKind::kUserDefined && kind != TokenKind::kUnknown) continue;
      AddedToken token;
      token.token = static_cast<Token>(i);
      token.text = (*tokens_)[i];
      token.control = kind != TokenKind::kUserDefined;
      token.strips_right =
          phi3 && (token.text == "</s>" || (LooksLikeControl(token.text) && token.text != "<|endoftext|>"));
      if (!token.text.empty()) added.push_back(std::move(token));
    }
    parts_.added = AddedTokens(std::move(added));
  }

  void LoadByteLevel() {
    const std::string* name = metadata_.String("tokenizer.ggml.pre");
    if (!name || name->empty()) {
      Warn("tokenizer.ggml.pre", name ? "''" : "",
           "words are cut as files that call it 'default' are, so that texts may become other tokens than the model "
           "learned; take a file that names its pre-tokenizer");
    }
    const PreTokenizer pre = PreTokenizerOf(name ? *name : "");
    auto vocabulary = std::make_shared<Vocabulary>();
    std::string piece;
    for (size_t i = 0; i < tokens_->size(); ++i) {
      piece.clear();
      TokenKind kind = kinds_[i];
      const bool text = kind == TokenKind::kNormal || kind == TokenKind::kUnused;
      if (!text || !AppendBytesOfAlphabet((*tokens_)[i], piece)) {
        piece = (*tokens_)[i];
        // What is not written in the alphabet is no bytes of a text, though its name may look like some.
        if (text) kind = TokenKind::kUnused;
      }
      vocabulary->Add(piece, kind);
    }
    ReadSpecial(*vocabulary, pre.add_bos, false);
    vocabulary->Seal();
    FindAddedTokens(*vocabulary, false);
    parts_.splitter = MakeSplitter(pre.steps);
    if (pre.nfc) parts_.normalizer.Add(MakeUnicodeStep(UnicodeForm::kNfc));
    if (metadata_.Bool("tokenizer.ggml.add_space_prefix").value_or(false)) {
      parts_.prefix_space = PrefixSpace::kEveryFragment;
      parts_.prefix_only_if_missing = true;
    }
    BpeOptions options;
    options.ignore_merges = pre.ignore_merges;
    options.fallback.unknown = UnknownOfText(*vocabulary, special_);
    MergeTable merges = ReadMerges(*vocabulary, AppendBytesOfAlphabet);
    parts_.vocabulary = vocabulary;
    parts_.model = std::make_unique<RankedBpe>(vocabulary, std::move(merges), options);
  }

  // append(name, out): adds the bytes of a piece's name; false where it is none.
  template <typename Append>
  MergeTable ReadMerges(const Vocabulary& vocabulary, const Append& append) const {
    const std::vector<std::string>* merges = metadata_.Strings("tokenizer.ggml.merges");
    if (!merges) throw Error(ErrorCategory::kCorrupt, "tokenizer.ggml.merges is missing, this tokenizer needs it");
    MergeTable table(merges->size());
    std::string bytes;
    for (size_t i = 0; i < merges->size(); ++i) {
      const std::string_view merge = (*merges)[i];
      const size_t space = merge.find(' ', 1);
      bytes.clear();
      size_t middle = 0;
      bool good = space != std::string_view::npos && append(merge.substr(0, space), bytes);
      middle = bytes.size();
      good = good && append(merge.substr(space + 1), bytes);
      const std::string_view joined = bytes;
      const Token left = good ? vocabulary.FindText(joined.substr(0, middle)) : -1;
      const Token right = good ? vocabulary.FindText(joined.substr(middle)) : -1;
      const Token token = good ? vocabulary.FindText(joined) : -1;
      if (left < 0 || right < 0 || token < 0) {
        throw Error(ErrorCategory::kCorrupt,
                    "tokenizer.ggml.merges[{}] is '{}', which does not join two tokens of the vocabulary into a third",
                    i, merge);
      }
      table.Add(left, right, {static_cast<uint32_t>(i), token});
    }
    return table;
  }

  // Pieces with U+2581 read as spaces.
  std::shared_ptr<Vocabulary> SentencePieceVocabulary() {
    auto vocabulary = std::make_shared<Vocabulary>();
    std::string piece;
    for (size_t i = 0; i < tokens_->size(); ++i) {
      const std::string& name = (*tokens_)[i];
      const auto byte = kinds_[i] == TokenKind::kByte ? ByteOfName(name) : std::nullopt;
      if (kinds_[i] == TokenKind::kByte && !byte) {
        throw Error(ErrorCategory::kCorrupt,
                    "tokenizer.ggml.tokens[{}] is a byte token named '{}'; such are <0x00> to "
                    "<0xFF>",
                    i, name);
      }
      if (byte) {
        piece.assign(1, static_cast<char>(*byte));
      } else if (kinds_[i] == TokenKind::kControl) {
        piece = name;
      } else {
        piece = WithSpaces(name);
      }
      vocabulary->Add(piece, kinds_[i]);
    }
    return vocabulary;
  }

  std::vector<double> ReadScores() const {
    auto scores = metadata_.Floats("tokenizer.ggml.scores");
    if (!scores) throw Error(ErrorCategory::kCorrupt, "tokenizer.ggml.scores is missing, this tokenizer needs it");
    RequireSameSize("tokenizer.ggml.scores", scores->size());
    return std::move(*scores);
  }

  void LoadSentencePieceBpe() {
    auto vocabulary = SentencePieceVocabulary();
    ReadSpecial(*vocabulary, true, false);
    vocabulary->Seal();
    const std::string* architecture = metadata_.String("general.architecture");
    FindAddedTokens(*vocabulary, architecture && *architecture == "phi3");
    parts_.normalizer.Add(MakeReplaceStep(std::string(kSpaceSymbol), " "));
    if (metadata_.Bool("tokenizer.ggml.add_space_prefix").value_or(true)) {
      parts_.prefix_space = PrefixSpace::kEveryFragment;
    }
    BpeOptions options;
    options.byte_symbols = false;
    options.fallback = {UnknownOfText(*vocabulary, special_), true, true};
    parts_.borders = std::make_unique<PieceBorders>(*vocabulary);
    parts_.vocabulary = vocabulary;
    parts_.model = std::make_unique<ScoredBpe>(vocabulary, ReadScores(), options);
  }

  // Pieces as SentencePiece writes them, with merges in ranks as tokenizer.json lists them.
  void LoadMergedPieces() {
    auto vocabulary = SentencePieceVocabulary();
    ReadSpecial(*vocabulary, true, false);
    if (!special_.add_bos) {
      special_.add_bos = true;
      parts_.warnings.push_back({"add_bos_token", "tokenizer.ggml.add_bos_token", "false",
                                 "tokenizer.ggml.add_bos_token is false: texts begin with the token of the beginning "
                                 "all the same, without which models of this tokenizer write nonsense"});
    }
    vocabulary->Seal();
    FindAddedTokens(*vocabulary, false);
    parts_.normalizer.Add(MakeReplaceStep(std::string(kSpaceSymbol), " "));
    if (metadata_.Bool("tokenizer.ggml.add_space_prefix").value_or(false)) {
      parts_.prefix_space = PrefixSpace::kEveryFragment;
    }
    BpeOptions options;
    options.byte_symbols = false;
    options.fallback = {UnknownOfText(*vocabulary, special_), true, true};
    MergeTable merges = ReadMerges(*vocabulary, [](std::string_view name, std::string& out) {
      out += WithSpaces(name);
      return true;
    });
    parts_.borders = std::make_unique<PieceBorders>(*vocabulary);
    parts_.vocabulary = vocabulary;
    parts_.model = std::make_unique<RankedBpe>(vocabulary, std::move(merges), options);
  }

  void LoadUnigram() {
    auto vocabulary = SentencePieceVocabulary();
    ReadSpecial(*vocabulary, false, true);
    vocabulary->Seal();
    FindAddedTokens(*vocabulary, false);
    if (const auto map = metadata_.Ints("tokenizer.ggml.precompiled_charsmap"); map && !map->empty()) {
      std::string bytes(map->size(), '\0');
      std::transform(map->begin(), map->end(), bytes.begin(), [](int64_t byte) { return static_cast<char>(byte); });
      parts_.normalizer.Add(MakeCharsMapStep(bytes));
    }
    parts_.normalizer.Add(MakeReplaceStep(std::string(kSpaceSymbol), " "));
    if (metadata_.Bool("tokenizer.ggml.remove_extra_whitespaces").value_or(false)) {
      parts_.normalizer.Add(MakeCollapseSpacesStep());
    }
    if (metadata_.Bool("tokenizer.ggml.add_space_prefix").value_or(true)) {
      parts_.prefix_space = PrefixSpace::kEveryFragment;
    }
    const Fallback fallback = {UnknownOfText(*vocabulary, special_), true, true};
    parts_.vocabulary = vocabulary;
    parts_.model = std::make_unique<Unigram>(vocabulary, ReadScores(), fallback);
  }

  const Metadata& metadata_;
  const std::vector<std::string>* tokens_ = nullptr;
  std::vector<TokenKind> kinds_;
  SpecialTokenIds special_;
  TokenizerParts parts_;
};

}  // namespace

Tokenizer Tokenizer::FromGguf(const Metadata& metadata) { return Tokenizer(Loader(metadata).Load()); }

}  // namespace sheepop
