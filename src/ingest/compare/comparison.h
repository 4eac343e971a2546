// Which documents and paragraphs of a corpus repeat earlier ones.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "ingest/blob.h"
#include "ingest/compare/fingerprint.h"
#include "ingest/compare/near_duplicates.h"
#include "ingest/compare/shared_passages.h"
#include "ingest/options.h"

namespace sheepop {

// Documents are numbered in the order of the corpus; of equals the first stays. Use: AddDocument for all,
// FinishDocuments, AddParts for all, FinishParts; then ask in ascending order of documents.
class Comparison {
 public:
  Comparison(const IngestOptions& options, WorkFolder& work);
  ~Comparison();

  void AddDocument(uint64_t document, const Fingerprint& print);
  void FinishDocuments();

  // Paragraphs and word runs. Ignored for documents that are duplicates.
  void AddParts(uint64_t document, const Fingerprint& print);
  void FinishParts();

  struct Duplicate {
    bool exact;
    uint64_t original;
  };
  std::optional<Duplicate> DuplicateOf(uint64_t document) const;

  struct RepeatedParagraph {
    uint32_t index;     // among the paragraphs of the document
    uint64_t original;  // the document that has it, nearly word for word
  };
  // Of this document, ascending; each document is asked for at most once, in ascending order.
  std::vector<RepeatedParagraph> RepeatedParagraphs(uint64_t document);

  // That this document shares with earlier ones, the longest of the whole corpus alone; ascending by their begin.
  std::vector<SharedRuns> PassagesOf(uint64_t document) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sheepop
