// What comparing documents needs to know of each: a hash of its text, and MinHash bands of its word sequences (Broder,
// "On the resemblance and containment of documents", 1997; bands as in Leskovec, Rajaraman, Ullman, "Mining of Massive
// Datasets", chapter 3). Two texts whose sets of sequences have Jaccard index J agree in a band with probability J^4, so
// the share of equal bands estimates J and no signature need be kept.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/document.h"

namespace sheepop {

inline constexpr size_t kBandRows = 4;
inline constexpr size_t kDocumentBands = 32;
inline constexpr size_t kParagraphBands = 8;
inline constexpr size_t kDocumentShingle = 5;  // words
inline constexpr size_t kParagraphShingle = 3;

// How many equal bands make two near duplicates: J of about 0.75 and 0.85 and more.
inline constexpr size_t kDocumentMatch = 10;
inline constexpr size_t kParagraphMatch = 4;

// Word sequences that documents share tell passages that stand in several, in whatever paragraphs and versions. They are
// too short to be nobody's phrase, so it takes several in the same order; one in kRunSample is kept, chosen by its hash.
inline constexpr size_t kRunWords = 6;
inline constexpr uint64_t kRunSample = 4;

struct ParagraphPrint {
  uint32_t index;  // among the paragraphs of the document
  std::array<uint32_t, kParagraphBands> bands;
};

struct WordRun {
  uint64_t hash;
  uint32_t begin, end;  // bytes of the text
};

struct Fingerprint {
  std::array<uint64_t, 2> exact{};  // of the text
  bool comparable = false;          // it has enough words for bands
  std::array<uint32_t, kDocumentBands> bands{};
  std::vector<ParagraphPrint> paragraphs;  // long enough, and of prose only
  std::vector<WordRun> runs;               // of prose only, ascending
};

Fingerprint FingerprintOf(const Document& document, uint32_t paragraph_characters);

// The paragraphs of a text: begin and end of each, apart by lines that hold nothing but spaces.
std::vector<std::pair<size_t, size_t>> ParagraphSpans(std::string_view text);

}  // namespace sheepop
