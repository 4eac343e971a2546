#include "tokenize/json_pipeline.h"

#include <boost/json/value.hpp>

#include "base/error.h"
#include "tokenize/json_fields.h"
#include "tokenize/regex.h"
#include "tokenize/sentencepiece.h"

namespace sheepop {
namespace {

namespace bj = boost::json;

[[noreturn]] void Unknown(std::string_view path, std::string_view what) {
  throw Error(ErrorCategory::kUnsupported, "{} of tokenizer.json is or holds '{}', which is not known here", path,
              what);
}

// The value of base 64, padded or not; kCorrupt for other characters.
std::string DecodeBase64(std::string_view text) {
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    int digit = -1;
    if (c >= 'A' && c <= 'Z') digit = c - 'A';
    if (c >= 'a' && c <= 'z') digit = c - 'a' + 26;
    if (c >= '0' && c <= '9') digit = c - '0' + 52;
    if (c == '+') digit = 62;
    if (c == '/') digit = 63;
    if (c == '=') break;
    if (digit < 0) throw Error(ErrorCategory::kCorrupt, "precompiled_charsmap of tokenizer.json is not base 64");
    bits = bits << 6 | static_cast<uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>(bits >> count & 0xFF));
  }
  return out;
}

class Reader {
 public:
  JsonPipeline Read(const bj::object& tokenizer) {
    if (const bj::object* normalizer = json::ObjectAt(tokenizer, "", "normalizer")) ReadNormalizer(*normalizer);
    if (const bj::object* pre = json::ObjectAt(tokenizer, "", "pre_tokenizer")) ReadPreTokenizer(*pre);
    if (pipeline_.space_symbol) {
      // Whatever U+2581 the text itself holds is the same to the model.
      pipeline_.normalizer.Add(MakeReplaceStep(std::string(kSpaceSymbol), " "));
      if (collapse_) pipeline_.normalizer.Add(MakeCollapseSpacesStep());
    } else if (collapse_) {
      Unknown("pre_tokenizer", "WhitespaceSplit without Metaspace");
    }
    pipeline_.splitter = MakeSplitter(steps_);
    pipeline_.steps = std::move(steps_);
    return std::move(pipeline_);
  }

 private:
  struct Pattern {
    std::string_view text;
    bool regex = false;
  };

  static Pattern ReadPattern(const bj::object& object, std::string_view path) {
    const bj::object* pattern = json::ObjectAt(object, path, "pattern");
    if (!pattern) json::WrongType(path, "pattern", "an object");
    if (json::FieldAt(*pattern, "Regex")) return {json::StringAt(*pattern, path, "Regex"), true};
    if (json::FieldAt(*pattern, "String")) return {json::StringAt(*pattern, path, "String"), false};
    json::WrongType(path, "pattern", "a Regex or a String");
  }

  void ReadNormalizer(const bj::object& object) {
    constexpr std::string_view kPath = "normalizer";
    const std::string_view type = json::StringAt(object, kPath, "type");
    if (type == "Sequence") {
      const bj::array* items = json::ArrayAt(object, kPath, "normalizers");
      for (const bj::value& item : items ? *items : bj::array()) {
        if (!item.is_object()) json::WrongType(kPath, "normalizers", "an array of objects");
        ReadNormalizer(item.get_object());
      }
    } else if (type == "NFC" || type == "NFD" || type == "NFKC" || type == "NFKD") {
      const bool compatible = type.size() == 4;
      const bool compose = type.ends_with('C');
      Step(MakeUnicodeStep(compatible ? (compose ? UnicodeForm::kNfkc : UnicodeForm::kNfkd)
                                      : (compose ? UnicodeForm::kNfc : UnicodeForm::kNfd)));
    } else if (type == "Replace") {
      ReadReplace(object, kPath);
    } else if (type == "Prepend") {
      if (json::StringAt(object, kPath, "prepend") != kSpaceSymbol) Unknown(kPath, "Prepend of other than U+2581");
      pipeline_.prefix_space = PrefixSpace::kEveryFragment;
      pipeline_.space_symbol = true;
    } else if (type == "Precompiled") {
      const std::string map = DecodeBase64(json::StringAt(object, kPath, "precompiled_charsmap"));
      if (!map.empty()) Step(MakeCharsMapStep(map));
    } else {
      Unknown(kPath, type);
    }
  }

  // A step that does not commute with the prefix space.
  void Step(std::unique_ptr<const NormalizerStep> step) {
    if (pipeline_.prefix_space != PrefixSpace::kNever) Unknown("normalizer", "a step behind Prepend");
    pipeline_.normalizer.Add(std::move(step));
  }

  void ReadReplace(const bj::object& object, std::string_view path) {
    const Pattern pattern = ReadPattern(object, path);
    const std::string_view content = json::StringAt(object, path, "content");
    if (pattern.text == " " && content == kSpaceSymbol) {
      pipeline_.space_symbol = true;
    } else if (pattern.regex) {
      Step(MakeRegexReplaceStep(pattern.text, WithSpaces(content)));
    } else {
      Step(MakeReplaceStep(std::string(pattern.text), WithSpaces(content)));
    }
  }

  void ReadPreTokenizer(const bj::object& object) {
    constexpr std::string_view kPath = "pre_tokenizer";
    const std::string_view type = json::StringAt(object, kPath, "type");
    if (pipeline_.byte_level) Unknown(kPath, "a step behind ByteLevel");
    if (type == "Sequence") {
      const bj::array* items = json::ArrayAt(object, kPath, "pretokenizers");
      for (const bj::value& item : items ? *items : bj::array()) {
        if (!item.is_object()) json::WrongType(kPath, "pretokenizers", "an array of objects");
        ReadPreTokenizer(item.get_object());
      }
    } else if (type == "Split") {
      ReadSplit(object, kPath);
    } else if (type == "ByteLevel") {
      ReadByteLevel(object, kPath);
    } else if (type == "Digits") {
      const bool each = json::BoolAt(object, kPath, "individual_digits", false);
      AddStep(each ? R"(\p{N})" : R"(\p{N}+)");
    } else if (type == "Punctuation") {
      AddStep(R"([!-/:-@\[-`{-~\p{P}])", {Behavior(json::StringAt(object, kPath, "behavior", "Isolated"))});
    } else if (type == "Metaspace") {
      ReadMetaspace(object, kPath);
    } else if (type == "WhitespaceSplit") {
      collapse_ = true;
    } else {
      Unknown(kPath, type);
    }
  }

  static SplitBehavior Behavior(std::string_view name) {
    if (name == "Removed") return SplitBehavior::kRemoved;
    if (name == "Isolated") return SplitBehavior::kIsolated;
    if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
    if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
    if (name == "Contiguous") return SplitBehavior::kContiguous;
    Unknown("pre_tokenizer", name);
  }

  void AddStep(std::string_view pattern, SplitRule rule = {}, bool literal = false) {
    if (pipeline_.space_symbol) Unknown("pre_tokenizer", "a pattern for text whose spaces are U+2581");
    steps_.push_back({std::string(pattern), rule, literal});
  }

  void ReadSplit(const bj::object& object, std::string_view path) {
    const Pattern pattern = ReadPattern(object, path);
    // The normalizer has left no space to split at.
    if (pipeline_.space_symbol && !pattern.regex && pattern.text == " ") return;
    const SplitRule rule = {Behavior(json::StringAt(object, path, "behavior")),
                            json::BoolAt(object, path, "invert", false)};
    // Every character is in a match of the usual patterns, so dropping the rest drops nothing; keeping it is the same.
    const bool keeps_matches = rule.behavior == SplitBehavior::kRemoved && rule.invert && CoversAllText(pattern.text);
    AddStep(pattern.text, keeps_matches ? SplitRule{} : rule, !pattern.regex);
  }

  static bool CoversAllText(std::string_view pattern) {
    return pattern.ends_with(R"(|\s+(?!\S)|\s+)") && pattern.find(R"(| ?[^\s\p{L}\p{N}]+)") != std::string_view::npos &&
           pattern.find(R"(\p{N})") != std::string_view::npos;
  }

  void ReadByteLevel(const bj::object& object, std::string_view path) {
    if (json::BoolAt(object, path, "add_prefix_space", true)) {
      if (!steps_.empty()) Unknown(path, "ByteLevel with add_prefix_space behind other steps");
      pipeline_.prefix_space = PrefixSpace::kEveryFragment;
      pipeline_.prefix_only_if_missing = true;
    }
    if (json::BoolAt(object, path, "use_regex", true)) AddStep(kGpt2Pattern);
    pipeline_.byte_level = true;
  }

  void ReadMetaspace(const bj::object& object, std::string_view path) {
    if (json::StringAt(object, path, "replacement", kSpaceSymbol) != kSpaceSymbol) {
      Unknown(path, "Metaspace with another replacement than U+2581");
    }
    const bool old_prefix = json::BoolAt(object, path, "add_prefix_space", true);
    const std::string_view scheme = json::StringAt(object, path, "prepend_scheme", old_prefix ? "always" : "never");
    if (scheme != "always" && scheme != "first" && scheme != "never") Unknown(path, scheme);
    if (scheme != "never") {
      pipeline_.prefix_space = scheme == "first" ? PrefixSpace::kFirst : PrefixSpace::kEveryFragment;
      pipeline_.prefix_only_if_missing = true;
    } else if (collapse_) {
      Unknown(path, "WhitespaceSplit with a Metaspace that never prepends");
    }
    if (json::BoolAt(object, path, "split", true)) AddStep(" ", {SplitBehavior::kMergedWithNext}, true);
    pipeline_.space_symbol = true;
  }

  JsonPipeline pipeline_;
  std::vector<SplitStep> steps_;
  bool collapse_ = false;
};

}  // namespace

JsonPipeline ReadPipeline(const boost::json::object& tokenizer) { return Reader().Read(tokenizer); }

}  // namespace sheepop
