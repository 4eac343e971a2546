#include "train/documents.h"

#include <algorithm>

#include "base/error.h"

namespace sheepop {

MemoryDocuments::MemoryDocuments(std::vector<Document> documents, uint64_t text_bytes)
    : documents_(std::move(documents)), text_bytes_(text_bytes) {
  for (size_t i = 0; i < documents_.size(); ++i) {
    const Document& document = documents_[i];
    if (!document.learned.empty() && document.learned.size() != document.tokens.size()) {
      throw Error(ErrorCategory::kInvalidArgument, "document {} has {} tokens, but {} marks of what to learn", i,
                  document.tokens.size(), document.learned.size());
    }
  }
}

void MemoryDocuments::Copy(size_t document, uint64_t begin, std::span<Token> out) const {
  std::ranges::copy(std::span(documents_[document].tokens).subspan(begin, out.size()), out.begin());
}

}  // namespace sheepop
