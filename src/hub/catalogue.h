// Models that `pull` knows by a short name: where they are, at which revision, and what their bytes hash to.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace sheepop {

struct CatalogueEntry {
  std::string_view name;      // also of the file that is kept: NAME.gguf
  std::string_view repo;      // of huggingface.co
  std::string_view revision;  // a commit, or a branch
  std::string_view file;
  uint64_t bytes;
  std::string_view sha256;
  std::string_view about;
};

std::span<const CatalogueEntry> Catalogue();

// Null for an unknown name.
const CatalogueEntry* FindInCatalogue(std::string_view name);

}  // namespace sheepop
