#include <fmt/core.h>

#include <algorithm>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <optional>

#include "base/error.h"
#include "tokenize/bpe.h"
#include "tokenize/byte_alphabet.h"
#include "tokenize/json_fields.h"
#include "tokenize/json_keys.h"
#include "tokenize/json_pipeline.h"
#include "tokenize/sentencepiece.h"
#include "tokenize/tokenizer_parts.h"
#include "tokenize/unigram.h"

namespace sheepop {
namespace {

namespace bj = boost::json;

bj::object ParseObject(std::string_view text, std::string_view name, bj::storage_ptr memory) {
  bj::parse_options options;
  options.max_depth = 64;
  boost::system::error_code error;
  bj::value value = bj::parse({text.data(), text.size()}, error, std::move(memory), options);
  if (error) throw Error(ErrorCategory::kCorrupt, "{} is not JSON: {}", name, error.message());
  if (!value.is_object()) throw Error(ErrorCategory::kCorrupt, "{} is not a JSON object", name);
  return std::move(value.get_object());
}

struct Entry {
  std::string_view name;
  TokenKind kind = TokenKind::kUnused;
  double score = 0;
  bool present = false;
  bool added = false;
};

class Loader {
 public:
  Loader(const bj::object& tokenizer, const bj::object& config, std::span<const int64_t> end)
      : tokenizer_(tokenizer), config_(config), end_(end) {}

  TokenizerParts Load() {
    const bj::object* model = json::ObjectAt(tokenizer_, "", "model");
    if (!model) throw Error(ErrorCategory::kCorrupt, "tokenizer.json has no model");
    model_ = model;
    CheckVersion();
    pipeline_ = ReadPipeline(tokenizer_);
    parts_.warnings = IdleTokenizerKeys(tokenizer_, pipeline_);
    const bool unigram = IsUnigram();
    if (unigram) {
      ReadUnigramVocabulary();
    } else {
      ReadBpeVocabulary();
    }
    ReadAddedTokens();
    BuildVocabulary();
    if (unigram) {
      parts_.model = std::make_unique<Unigram>(vocabulary_, Scores(), ReadFallback(true));
    } else {
      BuildBpe();
    }
    parts_.added = AddedTokens(std::move(added_));
    parts_.normalizer = std::move(pipeline_.normalizer);
    parts_.splitter = std::move(pipeline_.splitter);
    parts_.prefix_space = pipeline_.prefix_space;
    parts_.prefix_only_if_missing = pipeline_.prefix_only_if_missing;
    parts_.vocabulary = vocabulary_;
    return std::move(parts_);
  }

 private:
  void CheckVersion() const {
    const std::string_view version = json::StringAt(tokenizer_, "tokenizer.json", "version", "1.0");
    if (version != "1.0") {
      throw Error(ErrorCategory::kUnsupported, "version of tokenizer.json is \"{}\", 1.0 is known here", version);
    }
  }

  bool IsUnigram() const {
    const std::string_view type = json::StringAt(*model_, "model", "type");
    if (type == "BPE") return false;
    if (type == "Unigram") return true;
    // Old files leave the type out; only BPE has merges.
    if (type.empty() && json::FieldAt(*model_, "merges")) return false;
    throw Error(ErrorCategory::kUnsupported, "model.type of tokenizer.json is '{}'; BPE and Unigram are known here",
                type);
  }

  Entry& EntryAt(int64_t id, std::string_view name) {
    // Ids are dense but for a few holes; a huge one would cost memory that the file does not pay for.
    const auto limit = static_cast<int64_t>(std::min(Vocabulary::kMaxSize, expected_ * 2 + 65536));
    if (id < 0 || id >= limit) {
      throw Error(ErrorCategory::kCorrupt, "tokenizer.json gives '{}' the id {}, out of 0 to {}", name, id, limit - 1);
    }
    if (static_cast<size_t>(id) >= entries_.size()) entries_.resize(static_cast<size_t>(id) + 1);
    return entries_[static_cast<size_t>(id)];
  }

  void ReadBpeVocabulary() {
    const bj::object* vocabulary = json::ObjectAt(*model_, "model", "vocab");
    if (!vocabulary) throw Error(ErrorCategory::kCorrupt, "model.vocab of tokenizer.json is missing");
    expected_ = vocabulary->size();
    entries_.reserve(expected_);
    for (const auto& [key, value] : *vocabulary) {
      const std::string_view name(key.data(), key.size());
      if (!value.is_int64()) json::WrongType("model.vocab", name, "an id");
      AddEntry(value.get_int64(), name, 0);
    }
  }

  void ReadUnigramVocabulary() {
    const bj::array* vocabulary = json::ArrayAt(*model_, "model", "vocab");
    if (!vocabulary) throw Error(ErrorCategory::kCorrupt, "model.vocab of tokenizer.json is missing");
    expected_ = vocabulary->size();
    int64_t id = 0;
    for (const bj::value& item : *vocabulary) {
      const bj::array* pair = item.if_array();
      if (!pair || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_number()) {
        throw Error(ErrorCategory::kCorrupt, "model.vocab[{}] of tokenizer.json is not [piece, score]", id);
      }
      AddEntry(id++, json::View((*pair)[0].get_string()), (*pair)[1].to_number<double>());
    }
    if (const bj::value* unknown = json::FieldAt(*model_, "unk_id")) {
      if (!unknown->is_int64() || unknown->get_int64() < 0 || unknown->get_int64() >= id) {
        throw Error(ErrorCategory::kCorrupt, "model.unk_id of tokenizer.json is not one of {} ids", id);
      }
      unknown_ = static_cast<Token>(unknown->get_int64());
      entries_[static_cast<size_t>(unknown_)].kind = TokenKind::kUnknown;
    }
  }

  void AddEntry(int64_t id, std::string_view name, double score) {
    Entry& entry = EntryAt(id, name);
    if (entry.present) {
      throw Error(ErrorCategory::kCorrupt, "tokenizer.json gives '{}' and '{}' the same id {}", entry.name, name, id);
    }
    entry = {name, TokenKind::kNormal, score, true, false};
    if (json::BoolAt(*model_, "model", "byte_fallback", false) && ByteOfName(name)) entry.kind = TokenKind::kByte;
  }

  void ReadAddedTokens() {
    const bj::array* added = json::ArrayAt(tokenizer_, "", "added_tokens");
    if (!added) return;
    expected_ += added->size();
    for (const bj::value& item : *added) {
      if (!item.is_object()) json::WrongType("tokenizer.json", "added_tokens", "an array of objects");
      const bj::object& object = item.get_object();
      const bj::value* id = json::FieldAt(object, "id");
      if (!id || !id->is_int64()) json::WrongType("added_tokens[]", "id", "an id");
      ReadAddedToken(object, id->get_int64());
    }
  }

  void ReadAddedToken(const bj::object& object, int64_t id) {
    constexpr std::string_view kPath = "added_tokens[]";
    const std::string_view name = json::StringAt(object, kPath, "content");
    if (name.empty()) throw Error(ErrorCategory::kCorrupt, "added token {} of tokenizer.json has no content", id);
    Entry& entry = EntryAt(id, name);
    if (entry.present && entry.name != name) {
      throw Error(ErrorCategory::kCorrupt, "tokenizer.json gives '{}' and '{}' the same id {}", entry.name, name, id);
    }
    const bool control = json::BoolAt(object, kPath, "special", false) || LooksLikeControl(name);
    entry = {name, control ? TokenKind::kControl : TokenKind::kUserDefined, entry.score, true, true};
    AddedToken token;
    token.token = static_cast<Token>(id);
    token.text = name;
    token.normalized = json::BoolAt(object, kPath, "normalized", false);
    token.single_word = json::BoolAt(object, kPath, "single_word", false);
    token.strips_left = json::BoolAt(object, kPath, "lstrip", false);
    token.strips_right = json::BoolAt(object, kPath, "rstrip", false);
    added_.push_back(std::move(token));
  }

  void BuildVocabulary() {
    if (entries_.empty()) throw Error(ErrorCategory::kCorrupt, "tokenizer.json has no vocabulary");
    auto vocabulary = std::make_shared<Vocabulary>();
    std::string piece;
    for (const Entry& entry : entries_) {
      piece = entry.name;
      TokenKind kind = entry.kind;
      if (kind == TokenKind::kByte) {
        piece.assign(1, static_cast<char>(*ByteOfName(entry.name)));
      } else if (pipeline_.space_symbol && kind != TokenKind::kControl) {
        piece = WithSpaces(entry.name);
      } else if (pipeline_.byte_level && !entry.added) {
        piece.clear();
        if (!AppendBytesOfAlphabet(entry.name, piece)) {
          piece = entry.name;
          if (kind == TokenKind::kNormal) kind = TokenKind::kUnused;
        }
      }
      vocabulary->Add(piece, kind);
    }
    ReadSpecial(*vocabulary);
    vocabulary->Seal();
    for (AddedToken& token : added_) token.control = vocabulary->Kind(token.token) != TokenKind::kUserDefined;
    vocabulary_ = std::move(vocabulary);
  }

  Token IdOfName(std::string_view name) const {
    if (name.empty()) return -1;
    for (const AddedToken& token : added_) {
      if (token.text == name) return token.token;
    }
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.name == name; });
    return found == entries_.end() ? -1 : static_cast<Token>(found - entries_.begin());
  }

  // tokenizer_config.json writes a token as its name or as an object that holds it.
  std::optional<Token> ConfigToken(std::string_view key) const {
    const bj::value* value = json::FieldAt(config_, key);
    if (!value) return std::nullopt;
    const std::string_view name = value->is_object()
                                      ? json::StringAt(value->get_object(), "tokenizer_config.json", "content")
                                      : json::StringAt(config_, "tokenizer_config.json", key);
    const Token token = IdOfName(name);
    if (token >= 0) return token;
    throw Error(ErrorCategory::kCorrupt, "{} of tokenizer_config.json is '{}', which is not in the vocabulary", key,
                name);
  }

  void ReadSpecial(Vocabulary& vocabulary) {
    SpecialTokenIds& special = parts_.special;
    special.bos = ConfigToken("bos_token");
    special.eos = ConfigToken("eos_token");
    special.pad = ConfigToken("pad_token");
    if (const std::string_view name = json::StringAt(*model_, "model", "unk_token"); unknown_ < 0 && !name.empty()) {
      unknown_ = IdOfName(name);
      if (unknown_ < 0) {
        throw Error(ErrorCategory::kCorrupt,
                    "model.unk_token of tokenizer.json is '{}', which is not in the vocabulary", name);
      }
    }
    if (unknown_ >= 0) {
      special.unknown = unknown_;
      if (vocabulary.Kind(unknown_) == TokenKind::kNormal) vocabulary.SetKind(unknown_, TokenKind::kUnknown);
    }
    if (const bj::object* processor = json::ObjectAt(tokenizer_, "", "post_processor")) ReadTemplate(*processor);
    special.add_bos = json::BoolAt(config_, "tokenizer_config.json", "add_bos_token", special.add_bos);
    special.add_eos = json::BoolAt(config_, "tokenizer_config.json", "add_eos_token", special.add_eos);
    special.end = FindEndTokens(vocabulary, special.eos, EndTokens(vocabulary.size()));
  }

  std::vector<Token> EndTokens(size_t tokens) const {
    std::vector<Token> out;
    for (const int64_t id : end_) {
      if (id < 0 || static_cast<size_t>(id) >= tokens) {
        throw Error(ErrorCategory::kCorrupt, "eos_token_id is {}, tokenizer.json has the tokens 0 to {}", id,
                    tokens - 1);
      }
      out.push_back(static_cast<Token>(id));
    }
    return out;
  }

  // Which tokens stand before and behind the text.
  void ReadTemplate(const bj::object& processor) {
    constexpr std::string_view kPath = "post_processor";
    const std::string_view type = json::StringAt(processor, kPath, "type");
    if (type == "Sequence") {
      const bj::array* items = json::ArrayAt(processor, kPath, "processors");
      for (const bj::value& item : items ? *items : bj::array()) {
        if (!item.is_object()) json::WrongType(kPath, "processors", "an array of objects");
        ReadTemplate(item.get_object());
      }
    } else if (type == "TemplateProcessing") {
      ReadSingle(processor);
    } else if (type != "ByteLevel") {
      throw Error(
          ErrorCategory::kUnsupported,
          "post_processor.type of tokenizer.json is '{}', Sequence, TemplateProcessing and ByteLevel are known here; "
          "write it as the TemplateProcessing that adds the same tokens",
          type);
    }
  }

  // [token,] text [, token]
  void ReadSingle(const bj::object& processor) {
    constexpr std::string_view kPath = "post_processor";
    const bj::array* single = json::ArrayAt(processor, kPath, "single");
    if (!single || single->empty()) return;
    std::vector<std::optional<Token>> items;  // none: the text
    for (const bj::value& item : *single) {
      const bj::object* object = item.if_object();
      if (!object) json::WrongType(kPath, "single", "an array of objects");
      const bj::object* special = json::ObjectAt(*object, kPath, "SpecialToken");
      const bj::object* text = json::ObjectAt(*object, kPath, "Sequence");
      if (!special && (!text || json::StringAt(*text, kPath, "id") != "A")) {
        json::WrongType(kPath, "single", "an array of SpecialToken and the Sequence \"A\"");
      }
      items.push_back(special ? std::optional(TemplateToken(processor, *special)) : std::nullopt);
    }
    const auto is_text = [](const std::optional<Token>& item) { return !item.has_value(); };
    const auto text = std::ranges::find_if(items, is_text);
    if (std::ranges::count_if(items, is_text) != 1 || text - items.begin() > 1 || items.end() - text > 2) {
      throw Error(ErrorCategory::kUnsupported,
                  "post_processor.single of tokenizer.json is {}; the text, with at most one token before it and one "
                  "behind it, is known here",
                  bj::serialize(*single));
    }
    SpecialTokenIds& special = parts_.special;
    if (items.front()) {
      special.add_bos = true;
      if (!special.bos) special.bos = items.front();
    }
    if (items.back()) {
      special.add_eos = true;
      if (!special.eos) special.eos = items.back();
    }
  }

  // What a template names must be what it says the name's ids are.
  Token TemplateToken(const bj::object& processor, const bj::object& item) const {
    constexpr std::string_view kPath = "post_processor";
    const std::string_view name = json::StringAt(item, kPath, "id");
    const Token token = IdOfName(name);
    if (token < 0) {
      throw Error(ErrorCategory::kCorrupt, "post_processor.single of tokenizer.json names '{}', which is no token",
                  name);
    }
    const bj::object* all = json::ObjectAt(processor, kPath, "special_tokens");
    const bj::object* known = all ? json::ObjectAt(*all, "post_processor.special_tokens", name) : nullptr;
    if (known && json::StringAt(*known, "post_processor.special_tokens", "id", name) != name) {
      json::WrongType("post_processor.special_tokens[]", "id", fmt::format("'{}', its own name", name));
    }
    const bj::array* texts = known ? json::ArrayAt(*known, "post_processor.special_tokens", "tokens") : nullptr;
    if (texts && (texts->size() != 1 || !(*texts)[0].is_string() || json::View((*texts)[0].get_string()) != name)) {
      json::WrongType("post_processor.special_tokens[]", "tokens", fmt::format("['{}'], its own name", name));
    }
    const bj::array* ids = known ? json::ArrayAt(*known, "post_processor.special_tokens", "ids") : nullptr;
    if (ids && (ids->size() != 1 || !(*ids)[0].is_int64() || (*ids)[0].get_int64() != token)) {
      throw Error(ErrorCategory::kUnsupported,
                  "post_processor.special_tokens of tokenizer.json gives '{}' the ids {}; {} is its token", name,
                  bj::serialize(*ids), token);
    }
    return token;
  }

  Fallback ReadFallback(bool fuse) const {
    return {UnknownOfText(*vocabulary_, parts_.special), json::BoolAt(*model_, "model", "byte_fallback", false),
            json::BoolAt(*model_, "model", "fuse_unk", fuse)};
  }

  std::vector<double> Scores() const {
    std::vector<double> scores;
    scores.reserve(entries_.size());
    for (const Entry& entry : entries_) scores.push_back(entry.score);
    return scores;
  }

  void BuildBpe() {
    for (const std::string_view key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (!json::StringAt(*model_, "model", key).empty()) {
        throw Error(ErrorCategory::kUnsupported, "model.{} of tokenizer.json is '{}'; only none is known here", key,
                    json::StringAt(*model_, "model", key));
      }
    }
    BpeOptions options;
    options.byte_symbols = pipeline_.byte_level;
    options.ignore_merges = json::BoolAt(*model_, "model", "ignore_merges", false);
    options.fallback = ReadFallback(false);
    MergeTable merges = ReadMerges();
    // With ignore_merges a word may be a token that no merge makes, so its borders say nothing.
    if (!pipeline_.byte_level && !options.ignore_merges) parts_.borders = std::make_unique<PieceBorders>(*vocabulary_);
    parts_.model = std::make_unique<RankedBpe>(vocabulary_, std::move(merges), options);
  }

  MergeTable ReadMerges() const {
    const bj::array* merges = json::ArrayAt(*model_, "model", "merges");
    MergeTable table(merges ? merges->size() : 0);
    std::string joined;
    uint32_t rank = 0;
    for (const bj::value& item : merges ? *merges : bj::array()) {
      std::string_view left, right;
      if (!SplitMerge(item, left, right)) {
        throw Error(ErrorCategory::kCorrupt, "model.merges[{}] of tokenizer.json is not a pair of pieces", rank);
      }
      joined.clear();
      const bool good = AppendPiece(left, joined);
      const size_t middle = joined.size();
      if (!good || !AppendPiece(right, joined)) ThrowBadMerge(rank, left, right);
      AddMerge(joined, middle, rank, table);
      ++rank;
    }
    return table;
  }

  static bool SplitMerge(const bj::value& item, std::string_view& left, std::string_view& right) {
    if (const bj::string* text = item.if_string()) {
      const std::string_view merge = json::View(*text);
      const size_t space = merge.find(' ');
      if (space == std::string_view::npos) return false;
      left = merge.substr(0, space);
      right = merge.substr(space + 1);
      return true;
    }
    const bj::array* pair = item.if_array();
    if (!pair || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_string()) return false;
    left = json::View((*pair)[0].get_string());
    right = json::View((*pair)[1].get_string());
    return true;
  }

  bool AppendPiece(std::string_view name, std::string& out) const {
    if (pipeline_.byte_level) return AppendBytesOfAlphabet(name, out);
    out += pipeline_.space_symbol ? WithSpaces(name) : std::string(name);
    return true;
  }

  [[noreturn]] static void ThrowBadMerge(uint32_t rank, std::string_view left, std::string_view right) {
    throw Error(
        ErrorCategory::kCorrupt,
        "model.merges[{}] of tokenizer.json is '{}' '{}', which does not join two tokens of the vocabulary into a "
        "third",
        rank, left, right);
  }

  void AddMerge(std::string_view joined, size_t middle, uint32_t rank, MergeTable& table) const {
    const std::string_view left = joined.substr(0, middle), right = joined.substr(middle);
    const Token left_token = vocabulary_->FindText(left), right_token = vocabulary_->FindText(right);
    const Token token = vocabulary_->FindText(joined);
    if (left_token >= 0 && right_token >= 0 && token >= 0) {
      table.Add(left_token, right_token, {rank, token});
      return;
    }
    // A merge that would build a control token out of text is never taken.
    const auto exists = [&](std::string_view piece) { return vocabulary_->FindAny(piece) >= 0; };
    if (!exists(left) || !exists(right) || !exists(joined)) ThrowBadMerge(rank, left, right);
  }

  const bj::object& tokenizer_;
  const bj::object& config_;
  std::span<const int64_t> end_;
  const bj::object* model_ = nullptr;
  JsonPipeline pipeline_;
  size_t expected_ = 0;
  std::vector<Entry> entries_;  // [vocabulary size]
  std::vector<AddedToken> added_;
  std::shared_ptr<const Vocabulary> vocabulary_;
  Token unknown_ = -1;
  TokenizerParts parts_;
};

}  // namespace

Tokenizer Tokenizer::FromJson(std::string_view tokenizer_json, std::string_view tokenizer_config_json,
                              std::span<const int64_t> end) {
  bj::monotonic_resource memory(std::max<size_t>(tokenizer_json.size(), 4096));
  const bj::object tokenizer = ParseObject(tokenizer_json, "tokenizer.json", &memory);
  const bj::object config = tokenizer_config_json.empty()
                                ? bj::object()
                                : ParseObject(tokenizer_config_json, "tokenizer_config.json", &memory);
  return Tokenizer(Loader(tokenizer, config, end).Load());
}

}  // namespace sheepop
