#include "tokenize/json_keys.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <span>
#include <string>
#include <string_view>

#include "tokenize/json_fields.h"
#include "tokenize/sentencepiece.h"

namespace sheepop {
namespace {

namespace bj = boost::json;

using Names = std::span<const std::string_view>;

constexpr std::string_view kTop[] = {"version",       "truncation", "padding",        "added_tokens", "normalizer",
                                     "pre_tokenizer", "decoder",    "post_processor", "model"};
constexpr std::string_view kModel[] = {"type",
                                       "dropout",
                                       "unk_token",
                                       "continuing_subword_prefix",
                                       "end_of_word_suffix",
                                       "fuse_unk",
                                       "byte_fallback",
                                       "ignore_merges",
                                       "vocab",
                                       "merges",
                                       "unk_id"};
constexpr std::string_view kAddedToken[] = {"id",     "content",    "single_word", "lstrip",
                                            "rstrip", "normalized", "special"};
constexpr std::string_view kNormalizer[] = {"type",    "normalizers", "pattern",
                                            "content", "prepend",     "precompiled_charsmap"};
constexpr std::string_view kPreTokenizer[] = {
    "type",      "pretokenizers",     "pattern",     "behavior",       "invert", "add_prefix_space", "trim_offsets",
    "use_regex", "individual_digits", "replacement", "prepend_scheme", "split",  "str_rep"};
constexpr std::string_view kPostProcessor[] = {"type",           "processors",       "single",       "pair",
                                               "special_tokens", "add_prefix_space", "trim_offsets", "use_regex"};
constexpr std::string_view kDecoder[] = {"type",      "decoders",       "pattern", "content",          "start",
                                         "stop",      "replacement",    "split",   "add_prefix_space", "trim_offsets",
                                         "use_regex", "prepend_scheme", "str_rep"};

class Reader {
 public:
  Reader(const bj::object& tokenizer, const JsonPipeline& pipeline) : tokenizer_(tokenizer), pipeline_(pipeline) {}

  std::vector<Warning> Read() {
    Tell(tokenizer_, "", kTop);
    TellOf("model", kModel);
    TellOf("normalizer", kNormalizer, "normalizers");
    TellOf("pre_tokenizer", kPreTokenizer, "pretokenizers");
    TellOf("post_processor", kPostProcessor, "processors");
    TellOf("decoder", kDecoder, "decoders");
    if (const bj::array* added = json::ArrayAt(tokenizer_, "tokenizer.json", "added_tokens")) {
      for (const bj::value& token : *added) {
        if (token.is_object()) Tell(token.get_object(), "added_tokens[].", kAddedToken);
      }
    }
    for (const std::string_view key : {"truncation", "padding"}) {
      if (json::ObjectAt(tokenizer_, "tokenizer.json", key)) {
        Idle(std::string(key), tokenizer_.at(key), "texts are neither cut nor padded");
      }
    }
    TellOfDropout();
    const bj::object* decoder = json::ObjectAt(tokenizer_, "tokenizer.json", "decoder");
    if (decoder && !Undoes(*decoder)) Idle("decoder", *decoder, "tokens are decoded as their bytes");
    return std::move(warnings_);
  }

 private:
  static constexpr size_t kMostShown = 80;  // bytes of a value

  void Idle(std::string key, const bj::value& value, std::string_view why) {
    std::string shown = value.is_double() ? fmt::format("{:g}", value.get_double()) : bj::serialize(value);
    if (shown.size() > kMostShown) shown = shown.substr(0, kMostShown) + "...";
    std::string line = fmt::format("tokenizer.json: {} is {} and changes nothing, for {}", key, shown, why);
    warnings_.push_back({"no_effect", std::move(key), std::move(shown), std::move(line)});
  }

  void Tell(const bj::object& object, std::string_view path, Names known) {
    for (const auto& member : object) {
      const std::string_view key(member.key().data(), member.key().size());
      if (std::ranges::find(known, key) != known.end()) continue;
      const std::string name = fmt::format("{}{}", path, key);
      const bool told = std::ranges::any_of(warnings_, [&](const Warning& warning) { return warning.thing == name; });
      if (told) continue;
      warnings_.push_back(
          {"unknown_key", name, "",
           fmt::format("tokenizer.json has {}: nothing here knows this key: it changes nothing", name)});
    }
  }

  // A component, and those of a Sequence.
  void TellOf(std::string_view name, Names known, std::string_view parts = {}) {
    if (const bj::object* component = json::ObjectAt(tokenizer_, "tokenizer.json", name)) {
      TellOf(*component, fmt::format("{}.", name), known, parts);
    }
  }
  void TellOf(const bj::object& component, const std::string& path, Names known, std::string_view parts) {
    Tell(component, path, known);
    if (parts.empty()) return;
    const bj::array* items = json::ArrayAt(component, path, parts);
    for (const bj::value& item : items ? *items : bj::array()) {
      if (item.is_object()) TellOf(item.get_object(), path, known, parts);
    }
  }

  void TellOfDropout() {
    const bj::object* model = json::ObjectAt(tokenizer_, "tokenizer.json", "model");
    const bj::value* dropout = model ? json::FieldAt(*model, "dropout") : nullptr;
    if (!dropout) return;
    if (!dropout->is_number()) json::WrongType("model", "dropout", "a number");
    if (dropout->to_number<double>() != 0) Idle("model.dropout", *dropout, "no merge is left out at random");
  }

  // Whether a decoder, or a step of one, makes of tokens what their bytes are.
  bool Undoes(const bj::object& decoder) const {
    const std::string_view type = json::StringAt(decoder, "decoder", "type");
    if (type == "Sequence") {
      const bj::array* steps = json::ArrayAt(decoder, "decoder", "decoders");
      return steps && std::ranges::all_of(
                          *steps, [&](const bj::value& step) { return step.is_object() && Undoes(step.get_object()); });
    }
    if (type == "ByteLevel") return pipeline_.byte_level;
    if (type == "ByteFallback" || type == "Fuse") return true;
    if (!pipeline_.space_symbol) return false;
    if (type == "Metaspace") return json::StringAt(decoder, "decoder", "replacement", kSpaceSymbol) == kSpaceSymbol;
    if (type == "Strip")
      return json::StringAt(decoder, "decoder", "content") == " " && CountAt(decoder, "start") <= 1 &&
             CountAt(decoder, "stop") == 0;
    if (type != "Replace" || json::StringAt(decoder, "decoder", "content") != " ") return false;
    const bj::object* pattern = json::ObjectAt(decoder, "decoder", "pattern");
    return pattern && json::StringAt(*pattern, "decoder.pattern", "String") == kSpaceSymbol;
  }

  static int64_t CountAt(const bj::object& object, std::string_view key) {
    const bj::value* value = json::FieldAt(object, key);
    if (value && !value->is_int64()) json::WrongType("decoder", key, "a whole number");
    return value ? value->get_int64() : 0;
  }

  const bj::object& tokenizer_;
  const JsonPipeline& pipeline_;
  std::vector<Warning> warnings_;
};

}  // namespace

std::vector<Warning> IdleTokenizerKeys(const bj::object& tokenizer, const JsonPipeline& pipeline) {
  return Reader(tokenizer, pipeline).Read();
}

}  // namespace sheepop
