// The account of a run, for programs and for people.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "ingest/fidelity.h"

namespace sheepop {

struct SourceSize {
  std::string source;
  uint64_t characters = 0;
};

// What a document holds that an earlier one holds too, word for word in large parts: a tale, a chapter, a long quotation.
// It stays, but for the paragraphs of it that count as duplicates.
struct SharedPassage {
  std::string first, second;  // their sources, in the order of the corpus
  uint64_t characters = 0;    // in the second
  std::string begins;         // its first words there
};

struct Mishap {
  std::string source, step, reason;
  uint64_t more = 0;  // records of the same file behind it that share the step
};

// A document of whose words more than a trace is missing.
struct LossyDocument {
  std::string source;
  Fidelity fidelity;
};

// A page whose picture shows other words than its text layer.
struct DifferingPage {
  std::string source;
  PageFidelity page;
};

struct KindCount {
  uint64_t documents = 0, characters = 0;
};

struct IngestReport {
  std::filesystem::path documents_path, report_path;
  std::string documents_sha256;  // of documents.jsonl.zst

  uint64_t inputs = 0;  // files, members of archives and records, and what could not be one
  uint64_t taken = 0, dropped = 0, failed = 0;
  uint64_t files = 0, files_from_cache = 0;
  uint64_t characters = 0, text_bytes = 0;
  uint64_t estimated_tokens = 0;  // a token for four bytes, what byte-pair vocabularies of some 32,000 entries give

  std::map<std::string, KindCount> by_kind, by_language, by_programming_language;
  std::map<std::string, uint64_t> dropped_by_step;
  std::map<std::string, uint64_t> changes_by_step;             // how often each cleaning step did its work
  std::map<std::string, std::vector<std::string>> suspicious;  // doubt -> at most 20 sources
  std::map<std::string, uint64_t> suspicious_counts;

  // Of documents that were converted: how many, their words, and what is missing or added in the text.
  uint64_t converted = 0, converted_words = 0, missing_words = 0, added_words = 0;
  uint64_t lossy = 0;                   // of them, those of which more than a trace is missing
  std::vector<LossyDocument> lossiest;  // the first 20 of those

  uint64_t checked_pages = 0, differing_pages = 0;  // of text layers that were compared with pictures
  std::vector<DifferingPage> differing;             // the first 20 of those

  uint64_t fieldless = 0, with_field = 0;  // records without the field that holds the text, and with it
  Mishap first_fieldless;                  // of those without

  uint64_t exact_duplicates = 0, near_duplicates = 0;
  uint64_t duplicate_paragraphs = 0, duplicate_paragraph_characters = 0;
  std::vector<SharedPassage> shared_passages;  // the longest, at most kMostPassages
  std::vector<SourceSize> largest;             // at most 10
  std::vector<Mishap> mishaps;                 // the first 20 files or records that failed
  std::vector<Mishap> losses;                  // the first 20 files or records that were dropped
};

// The table at the end of a run.
std::string AccountTable(const IngestReport& report);

}  // namespace sheepop
