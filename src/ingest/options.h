// What a person can set for a run of ingest: plain values, which readers, cleaning steps and the comparison read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sheepop {

struct CleanOptions {
  bool control_characters = true;  // removed; line ends become \n
  bool unicode = true;             // NFC, not in code
  bool ligatures = true;           // U+FB00 to U+FB06 spelled out, not in code
  bool page_furniture = true;      // headers, footers and page numbers that repeat from page to page
  bool hyphenation = true;         // words cut at the end of a line of a page
  bool paragraphs = true;          // lines of a page rejoined into paragraphs
  bool boilerplate = true;         // licence texts and producer's notes of e-book collections
  bool mojibake = false;           // UTF-8 once read as Windows-1252 is read back; otherwise only flagged

  std::vector<std::string> keep_languages;  // ISO 639-1; prose in another known language is dropped; empty: all
  std::vector<std::string> keep_licenses;   // SPDX names; a document with another known licence is dropped; empty: all
  bool replace_emails = false;              // by "[email]"
  bool replace_phones = false;              // by "[phone]"
  bool replace_keys = false;                // API keys, private keys and tokens, by "[key]"
  uint32_t min_characters = 1;              // shorter documents are dropped; 1 to 1,000,000
};

struct IngestOptions {
  std::vector<std::filesystem::path> inputs;  // files and folders; at least one
  std::filesystem::path output;               // the corpus folder; made when absent

  uint32_t workers = 0;  // 0: one a processor; 1 to 1024

  // Reading.
  std::string text_field;  // the field of JSONL objects and CSV rows that holds the text; "": `text`, else `content`
  std::string ocr_languages = "auto";  // Tesseract's names joined by "+"; "auto": English, then the language found
  bool ocr = true;                     // false: images and scanned pages are dropped, and said to be
  uint32_t ocr_dpi = 300;              // 72 to 600
  uint32_t max_pages = 20'000;         // of a PDF, 1 to 1,000,000; one with more fails
  uint32_t archive_depth = 4;          // archives in archives, 0 to 16
  uint64_t max_expanded_bytes = uint64_t{4} << 30;  // of one archive, unpacked; at least 1 MiB
  uint32_t max_archive_members = 1'000'000;         // at least 1
  uint64_t max_line_bytes = uint64_t{16} << 20;     // of a text or a record; 1 KiB to 256 MiB
  uint64_t part_bytes =
      uint64_t{8} << 20;                 // longer texts become several documents, cut at paragraphs; 64 KiB to 64 MiB
  uint32_t converter_cpu_seconds = 120;  // for one call of a converter, 1 to 86,400
  uint64_t converter_memory_bytes = uint64_t{2} << 30;  // 256 MiB to 64 GiB

  CleanOptions clean;

  // Across documents.
  bool exact_duplicates = true;
  bool near_duplicates = true;       // documents whose sets of five-word sequences agree to about 80%
  bool duplicate_paragraphs = true;  // paragraphs of prose that an earlier document holds, word for word or nearly
  uint32_t duplicate_paragraph_characters = 160;  // shorter ones are never removed; 40 to 100,000
};

// Throws kInvalidArgument that names the field, its value and its bounds.
void Validate(const IngestOptions& options);

}  // namespace sheepop
