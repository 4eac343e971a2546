#include "model/architecture.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace sheepop {

// Each stands in a file of arch/; a new family is one more name in these two lines.
extern const Architecture kLlama, kQwen2, kQwen3, kQwen2Moe, kQwen3Moe, kQwen35, kQwen35Moe, kGptOss, kLfm2, kLfm2Moe,
    kGemma2, kGemma3, kGpt2, kPhi3, kGranite, kSmolLm3, kMistral3, kOlmo2, kExaone4, kSeedOss, kHunyuan, kCohere2,
    kErnie45, kErnie45Moe, kGraniteMoe, kMellum, kGemma4, kDeepSeek2;

namespace {

constexpr std::array kAll = {&kLlama,   &kQwen2,   &kQwen3,      &kQwen2Moe,   &kQwen3Moe, &kQwen35,  &kQwen35Moe,
                             &kGptOss,  &kLfm2,    &kLfm2Moe,    &kGemma2,     &kGemma3,   &kGpt2,    &kPhi3,
                             &kGranite, &kSmolLm3, &kMistral3,   &kOlmo2,      &kExaone4,  &kSeedOss, &kHunyuan,
                             &kCohere2, &kErnie45, &kErnie45Moe, &kGraniteMoe, &kMellum,   &kGemma4,  &kDeepSeek2};

std::string Names() {
  std::string names;
  for (const Architecture* architecture : kAll) {
    if (!names.empty()) names += ", ";
    names += architecture->name;
  }
  return names;
}

const HfType* FindType(const Architecture& architecture, std::string_view type) {
  const auto found = std::ranges::find(architecture.hf_types, type, &HfType::model_type);
  return found == architecture.hf_types.end() ? nullptr : &*found;
}

}  // namespace

std::span<const Architecture* const> AllArchitectures() { return kAll; }

const Architecture& ArchitectureByName(std::string_view name) {
  for (const Architecture* architecture : kAll) {
    if (architecture->name == name) return *architecture;
  }
  throw Error(ErrorCategory::kUnsupported, "models of architecture {} are not supported; these are: {}", name, Names());
}

const Architecture& ArchitectureByHfType(std::string_view type) {
  for (const Architecture* architecture : kAll) {
    if (FindType(*architecture, type)) return *architecture;
  }
  throw Error(ErrorCategory::kUnsupported, "config.json: model_type {} is not supported; these families are: {}", type,
              Names());
}

const HfType& HfTypeByName(std::string_view type) { return *FindType(ArchitectureByHfType(type), type); }

}  // namespace sheepop
