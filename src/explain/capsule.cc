#include "explain/capsule.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <initializer_list>
#include <limits>
#include <map>

#include "base/error.h"
#include "base/json.h"
#include "base/options_json.h"
#include "base/quoted.h"
#include "base/sha256.h"
#include "base/version.h"
#include "sample/options_json.h"

namespace sheepop {
namespace {

namespace json = boost::json;

constexpr uint64_t kFormat = 1;
constexpr size_t kShaDigits = 64, kDigestDigits = 16;

template <class... Arguments>
[[noreturn]] void Refuse(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  throw Error(ErrorCategory::kCorrupt, "the capsule is damaged: {}",
              fmt::format(format, std::forward<Arguments>(arguments)...));
}

const json::value& Member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (!value) Refuse("{} is missing", name);
  return *value;
}

std::string Text(const json::object& object, std::string_view name) {
  const json::value& value = Member(object, name);
  if (!value.is_string()) Refuse("{} must be text", name);
  return std::string(value.get_string());
}

uint64_t Number(const json::object& object, std::string_view name) {
  const json::value& value = Member(object, name);
  if (value.is_uint64()) return value.get_uint64();
  if (!value.is_int64() || value.get_int64() < 0) Refuse("{} must be a whole number of at least 0", name);
  return static_cast<uint64_t>(value.get_int64());
}

const json::array& List(const json::object& object, std::string_view name) {
  const json::value& value = Member(object, name);
  if (!value.is_array()) Refuse("{} must be a list", name);
  return value.get_array();
}

const json::object& Object(const json::value& value, std::string_view name) {
  if (!value.is_object()) Refuse("{} must be an object", name);
  return value.get_object();
}

std::string Hex(const std::string& text, size_t digits, std::string_view name) {
  if (text.size() != digits || text.find_first_not_of("0123456789abcdef") != std::string::npos) {
    Refuse("{} is {}, it must be {} hexadecimal digits", name, Quoted(text), digits);
  }
  return text;
}

std::vector<Token> Tokens(const json::object& object, std::string_view name) {
  std::vector<Token> tokens;
  for (const json::value& value : List(object, name)) {
    if (!value.is_int64() || value.get_int64() < 0 || value.get_int64() > std::numeric_limits<Token>::max()) {
      Refuse("{} holds what is no token id", name);
    }
    tokens.push_back(static_cast<Token>(value.get_int64()));
  }
  return tokens;
}

void RequireFinishReason(const std::string& reason) {
  for (const FinishReason known : {FinishReason::kStop, FinishReason::kLength, FinishReason::kContext,
                                   FinishReason::kInterrupt, FinishReason::kError}) {
    if (reason == Name(known)) return;
  }
  Refuse("finish_reason is {}, it must be stop, length, context, interrupt or error", Quoted(reason));
}

void RequireKnown(const json::object& object, std::string_view whose, std::initializer_list<std::string_view> names) {
  for (const auto& [key, value] : object) {
    if (std::ranges::find(names, std::string_view(key)) != names.end()) continue;
    const auto is_engines = [&](const OptionRow& row) { return row.traits.fingerprint && key == row.name; };
    if (whose.empty() && std::ranges::any_of(kEngineRows, is_engines)) continue;
    Refuse("{}{} is no part of it", Quoted(key), whose);
  }
}

CapsuleSequence SequenceFrom(const json::value& value) {
  const json::object& object = Object(value, "each of sequences");
  RequireKnown(object, " of a sequence", {"ids", "logits", "finish_reason"});
  CapsuleSequence sequence{Tokens(object, "ids"), {}, Text(object, "finish_reason")};
  RequireFinishReason(sequence.finish_reason);
  for (const json::value& digest : List(object, "logits")) {
    if (!digest.is_string()) Refuse("logits must be a list of texts");
    sequence.digests.push_back(Hex(std::string(digest.get_string()), kDigestDigits, "one of logits"));
  }
  if (sequence.digests.size() != sequence.ids.size()) {
    Refuse("a sequence has {} ids and {} digests of logits", sequence.ids.size(), sequence.digests.size());
  }
  return sequence;
}

EngineOptions EngineFrom(const json::object& object) {
  EngineOptions options;
  for (const OptionRow& row : kEngineRows) {
    if (!row.traits.fingerprint) continue;
    const json::value& value = Member(object, row.name);
    if (value.is_int64() && value.get_int64() == 0 && !row.traits.fallback.empty()) continue;
    SetFromJson(kEngineTable, row, value, &options);
  }
  return options;
}

Capsule FromJson(const json::object& object) {
  if (const uint64_t format = Number(object, "capsule"); format != kFormat) {
    Refuse("its format is {}, this program reads {}", format, kFormat);
  }
  RequireKnown(object, "",
               {"capsule", "build", "isa", "model", "model_sha256", "tokenizer_sha256", "settings", "seed",
                "prompt_ids", "sequences"});
  Capsule capsule;
  capsule.build = Text(object, "build");
  capsule.isa = Text(object, "isa");
  capsule.model = Text(object, "model");
  capsule.model_sha256 = Hex(Text(object, "model_sha256"), kShaDigits, "model_sha256");
  capsule.tokenizer_sha256 = Hex(Text(object, "tokenizer_sha256"), kShaDigits, "tokenizer_sha256");
  capsule.engine = EngineFrom(object);
  capsule.sampling = SettingsFromJson(Object(Member(object, "settings"), "settings"));
  capsule.seed = Number(object, "seed");
  capsule.prompt = Tokens(object, "prompt_ids");
  if (capsule.prompt.empty()) Refuse("prompt_ids is empty");
  for (const json::value& sequence : List(object, "sequences")) capsule.sequences.push_back(SequenceFrom(sequence));
  if (capsule.sequences.empty()) Refuse("sequences is empty");
  return capsule;
}

}  // namespace

std::string CapsuleText(const Capsule& capsule) {
  json::object out{{"capsule", kFormat},
                   {"build", capsule.build},
                   {"isa", capsule.isa},
                   {"model", capsule.model},
                   {"model_sha256", capsule.model_sha256},
                   {"tokenizer_sha256", capsule.tokenizer_sha256}};
  for (const OptionRow& row : kEngineRows) {
    if (row.traits.fingerprint) out[row.name] = OptionJson(kEngineTable, row, &capsule.engine);
  }
  out["settings"] = SettingsJson(capsule.sampling);
  out["seed"] = capsule.seed;
  out["prompt_ids"] = json::array(capsule.prompt.begin(), capsule.prompt.end());
  json::array sequences;
  for (const CapsuleSequence& sequence : capsule.sequences) {
    sequences.push_back({{"ids", json::array(sequence.ids.begin(), sequence.ids.end())},
                         {"logits", json::array(sequence.digests.begin(), sequence.digests.end())},
                         {"finish_reason", sequence.finish_reason}});
  }
  out["sequences"] = std::move(sequences);
  return json::serialize(out) + "\n";
}

Capsule ParseCapsule(std::string_view text) {
  const json::object object = ParseJsonObject(text, "no capsule, which `generate --record` writes");
  try {
    return FromJson(object);
  } catch (const Error& wrong) {
    if (wrong.category() == ErrorCategory::kCorrupt) throw;
    Refuse("{}", wrong.what());  // a setting
  }
}

std::string ThisBuild() {
#ifdef __clang__
  return fmt::format("{}, {}", kVersion, __VERSION__);
#else
  return fmt::format("{}, GCC {}", kVersion, __VERSION__);
#endif
}

std::string ModelSha256(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return Sha256OfFile(path);
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    const std::string kind = entry.path().extension().string();
    const bool part = kind == ".json" || kind == ".jinja" || kind == ".safetensors";
    if (part && entry.is_regular_file()) files[entry.path().filename().string()] = Sha256OfFile(entry.path());
  }
  std::string list;
  for (const auto& [name, sha256] : files) list += fmt::format("{}  {}\n", sha256, name);
  return Sha256Hex(list);
}

std::string TokenizerSha256(const Tokenizer& tokenizer) {
  std::string all;
  for (size_t id = 0; id < tokenizer.vocab_size(); ++id) {
    const std::string_view piece = tokenizer.Piece(static_cast<Token>(id));
    all += fmt::format("{}:", piece.size());
    all += piece;
  }
  all += fmt::format("{}", fmt::join(tokenizer.special().end, ","));
  return Sha256Hex(all);
}

std::string LogitsDigest(std::span<const float> logits) {
  return Sha256Hex({reinterpret_cast<const char*>(logits.data()), logits.size_bytes()}).substr(0, kDigestDigits);
}

Next CapsuleRecorder::OnToken(const Choice& choice, std::span<const float> logits) {
  sequence_.ids.push_back(choice.token);
  sequence_.digests.push_back(LogitsDigest(logits));
  return inner_.OnToken(choice, logits);
}

void CapsuleRecorder::OnFinish(const Finish& finish) {
  sequence_.finish_reason = Name(finish.reason);
  inner_.OnFinish(finish);
}

}  // namespace sheepop
