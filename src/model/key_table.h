// What becomes of every key of a configuration. Nothing is ignored in silence: each key that llama.cpp, or transformers'
// class of the family, is known to read stands in a table here or in the family's file, and one that nothing knows is
// told.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sheepop {

class Checkpoint;

enum class KeyUse : uint8_t {
  kUsed,      // the family reads it, and judges its value itself
  kHarmless,  // changes no logit
  kOnly,      // nothing here reads it: only values that ask for nothing can run
  kTold,      // nothing here reads it, and it changes no logit: values that ask for something are told
};

struct KeyRule {
  std::string_view key;
  KeyUse use = KeyUse::kUsed;
  std::string_view only = "[]";  // kOnly, kTold: a JSON list of the values that ask for nothing, as absent and null do
  std::string_view needs = "";   // kOnly: what another value would need, for the message; kTold: what is told of it
};

// Lists as one.
template <size_t... kSizes>
consteval std::array<KeyRule, (kSizes + ...)> JoinKeys(const KeyRule (&... lists)[kSizes]) {
  std::array<KeyRule, (kSizes + ...)> out{};
  size_t at = 0;
  const auto add = [&](std::span<const KeyRule> list) {
    for (const KeyRule& rule : list) out[at++] = rule;
  };
  (add(lists), ...);
  return out;
}

enum class KeyTreatment : uint8_t { kUsed, kTokenizer, kHarmless, kUnknown, kRefused };

// "used", "tokenizer", "harmless", "unknown" or "refused".
std::string_view Name(KeyTreatment treatment);

struct KeyReport {
  std::string file = "";  // of a folder's other files: "tokenizer_config.json"; else empty
  std::string key = "";
  std::string value = "";  // as JSON, long ones cut
  KeyTreatment treatment = KeyTreatment::kUsed;
  std::string why = "";  // of kUnknown and kRefused
};

// Every key in the order of the file by the tables alone, those inside rotary parameters included
// ("rope_scaling.factor"), then those of the folder's generation_config.json and tokenizer_config.json. Throws kCorrupt or
// kUnsupported when the checkpoint names no family that is known.
std::vector<KeyReport> TableReports(const Checkpoint& checkpoint);
// The same with the first value that the family itself refuses.
std::vector<KeyReport> KeyReports(const Checkpoint& checkpoint);

}  // namespace sheepop
