// Which documents and paragraphs of a corpus repeat earlier ones.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "data/blob.h"
#include "data/fingerprint.h"
#include "data/ingest.h"
#include "data/near_duplicates.h"

namespace sheepop {

// Documents are numbered in the order of the corpus; of equals the first stays. Use: AddDocument for all,
// FinishDocuments, AddParagraphs for all, FinishParagraphs; then ask in ascending order of documents.
class Comparison {
 public:
  Comparison(const IngestOptions& options, WorkFolder& work);
  ~Comparison();

  void AddDocument(uint64_t document, const Fingerprint& print);
  void FinishDocuments();

  // Ignored for documents that are duplicates.
  void AddParagraphs(uint64_t document, const Fingerprint& print);
  void FinishParagraphs();

  struct Duplicate {
    bool exact;
    uint64_t original;
  };
  std::optional<Duplicate> DuplicateOf(uint64_t document) const;

  struct RepeatedParagraph {
    uint32_t index;     // among the paragraphs of the document
    uint64_t original;  // the document that has it, or one like it
    bool same;          // nearly word for word; else only alike
  };
  // Of this document, ascending; each document is asked for at most once, in ascending order.
  std::vector<RepeatedParagraph> RepeatedParagraphs(uint64_t document);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sheepop
