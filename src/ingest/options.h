// What a person can set for a run of ingest: plain values, which readers, cleaning steps and the comparison read, and the
// rows that describe them to every front.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/option_table.h"

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
  bool markdown = false;               // headings, lists, tables, code and footnotes as Markdown
  std::string fidelity = "converted";  // "ocr": also text layers of PDFs against the pictures of some pages
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

// In the order of the help text; the cleaning steps in the order in which they run. A fingerprint holds all that the
// result of reading and cleaning one input depends on: what is read again when it changes.
inline constexpr OptionRow kIngestRows[] = {
    {"workers", "--workers", Field<&IngestOptions::workers>(), Between(1, 1024), "",
     "documents read at once, which changes only the speed",
     OptionTraits().Takes("N").Otherwise("one a processor").OutsideFingerprint()},
    {"text_field", "--field", Field<&IngestOptions::text_field>(), kAny, "",
     "field of JSONL objects and CSV rows that holds the text",
     OptionTraits().In("Reading").Otherwise("text, else content")},
    {"ocr", "--ocr,!--no-ocr", Field<&IngestOptions::ocr>(), kAny, "", "read images and scanned pages",
     OptionTraits().In("Reading").Bare()},
    {"fidelity", "--fidelity", Field<&IngestOptions::fidelity>(), "converted|ocr", "",
     "count words against the sources of converted documents, or also those of PDFs' text layers against the pictures "
     "of "
     "one page in 20, at most 5",
     OptionTraits().In("Reading").Takes("HOW")},
    {"markdown", "--markdown", Field<&IngestOptions::markdown>(), kAny, "",
     "keep headings, lists, tables, code and footnotes of HTML, DOCX, EPUB, ODT and PDF as Markdown",
     OptionTraits().In("Reading").Bare()},
    {"ocr_languages", "--ocr-languages", Field<&IngestOptions::ocr_languages>(), kAny, "",
     "Tesseract's names joined by +", OptionTraits().In("Reading")},
    {"ocr_dpi", "--ocr-dpi", Field<&IngestOptions::ocr_dpi>(), Between(72, 600), "",
     "resolution at which pages are read", OptionTraits().In("Reading")},
    {"max_pages", "--max-pages", Field<&IngestOptions::max_pages>(), Between(1, 1000000), "",
     "pages of a PDF; one with more fails", OptionTraits().In("Reading")},
    {"archive_depth", "--archive-depth", Field<&IngestOptions::archive_depth>(), Between(0, 16), "",
     "archives in archives", OptionTraits().In("Reading")},
    {"max_expanded_bytes", "--max-expanded-bytes", Field<&IngestOptions::max_expanded_bytes>(),
     AtLeast(1 << 20, 0x1p50), "bytes", "of one archive, unpacked", OptionTraits().In("Reading")},
    {"max_archive_members", "--max-archive-members", Field<&IngestOptions::max_archive_members>(),
     AtLeast(1, 4294967295), "", "of one archive", OptionTraits().In("Reading")},
    {"max_line_bytes", "--max-line-bytes", Field<&IngestOptions::max_line_bytes>(), Between(1 << 10, 1 << 28), "bytes",
     "of a line or record", OptionTraits().In("Reading")},
    {"part_bytes", "--part-bytes", Field<&IngestOptions::part_bytes>(), Between(1 << 16, 1 << 26), "bytes",
     "longer texts become several documents", OptionTraits().In("Reading")},
    {"converter_cpu_seconds", "--converter-seconds", Field<&IngestOptions::converter_cpu_seconds>(), Between(1, 86400),
     "seconds", "processor time of one converter call", OptionTraits().In("Reading")},
    {"converter_memory_bytes", "--converter-memory", Field<&IngestOptions::converter_memory_bytes>(),
     Between(1 << 28, 0x1p36), "bytes", "of one converter call", OptionTraits().In("Reading")},
    {"mojibake", "--mojibake,!--no-mojibake", Field<&IngestOptions::clean, &CleanOptions::mojibake>(), kAny, "",
     "reads UTF-8 that was once taken for Windows-1252 back", OptionTraits().In("Cleaning").Bare()},
    {"control_characters", "--control-characters,!--no-control-characters",
     Field<&IngestOptions::clean, &CleanOptions::control_characters>(), kAny, "",
     "removes control characters and escape sequences; line ends become \\n", OptionTraits().In("Cleaning").Bare()},
    {"unicode", "--unicode,!--no-unicode", Field<&IngestOptions::clean, &CleanOptions::unicode>(), kAny, "",
     "normalises to NFC; code is left alone", OptionTraits().In("Cleaning").Bare()},
    {"ligatures", "--ligatures,!--no-ligatures", Field<&IngestOptions::clean, &CleanOptions::ligatures>(), kAny, "",
     "spells out the ligatures of fonts; code is left alone", OptionTraits().In("Cleaning").Bare()},
    {"page_furniture", "--page-furniture,!--no-page-furniture",
     Field<&IngestOptions::clean, &CleanOptions::page_furniture>(), kAny, "",
     "removes headers, footers and page numbers that repeat from page to page", OptionTraits().In("Cleaning").Bare()},
    {"hyphenation", "--hyphenation,!--no-hyphenation", Field<&IngestOptions::clean, &CleanOptions::hyphenation>(), kAny,
     "", "joins words cut at the end of a line of a page", OptionTraits().In("Cleaning").Bare()},
    {"paragraphs", "--paragraphs,!--no-paragraphs", Field<&IngestOptions::clean, &CleanOptions::paragraphs>(), kAny, "",
     "joins the lines of a page into paragraphs", OptionTraits().In("Cleaning").Bare()},
    {"boilerplate", "--boilerplate,!--no-boilerplate", Field<&IngestOptions::clean, &CleanOptions::boilerplate>(), kAny,
     "", "removes licence texts and producer's notes of e-book collections", OptionTraits().In("Cleaning").Bare()},
    {"replace_emails", "--replace-emails", Field<&IngestOptions::clean, &CleanOptions::replace_emails>(), kAny, "",
     "write [email] for e-mail addresses", OptionTraits().In("Cleaning").Bare()},
    {"replace_phones", "--replace-phones", Field<&IngestOptions::clean, &CleanOptions::replace_phones>(), kAny, "",
     "write [phone] for phone numbers", OptionTraits().In("Cleaning").Bare()},
    {"replace_keys", "--replace-keys", Field<&IngestOptions::clean, &CleanOptions::replace_keys>(), kAny, "",
     "write [key] for API keys, private keys and tokens", OptionTraits().In("Cleaning").Bare()},
    {"keep_languages", "--keep-language", Field<&IngestOptions::clean, &CleanOptions::keep_languages>(), kAny, "",
     "drop prose in other known languages; may be given several times", OptionTraits().In("Cleaning").Takes("CODE")},
    {"keep_licenses", "--keep-license", Field<&IngestOptions::clean, &CleanOptions::keep_licenses>(), kAny, "",
     "drop documents with another known licence; several times", OptionTraits().In("Cleaning").Takes("SPDX")},
    {"min_characters", "--min-characters", Field<&IngestOptions::clean, &CleanOptions::min_characters>(),
     Between(1, 1000000), "", "drop shorter documents", OptionTraits().In("Cleaning").Takes("N")},
    {"exact_duplicates", "--exact-duplicates,!--no-exact-duplicates", Field<&IngestOptions::exact_duplicates>(), kAny,
     "", "drop equal documents", OptionTraits().In("Cleaning").Bare().OutsideFingerprint()},
    {"near_duplicates", "--near-duplicates,!--no-near-duplicates", Field<&IngestOptions::near_duplicates>(), kAny, "",
     "drop documents about 80% alike", OptionTraits().In("Cleaning").Bare().OutsideFingerprint()},
    {"duplicate_paragraphs", "--duplicate-paragraphs,!--no-duplicate-paragraphs",
     Field<&IngestOptions::duplicate_paragraphs>(), kAny, "", "remove paragraphs that an earlier document holds",
     OptionTraits().In("Cleaning").Bare().OutsideFingerprint()},
    {"duplicate_paragraph_characters", "", Field<&IngestOptions::duplicate_paragraph_characters>(), Between(40, 100000),
     "", "shorter paragraphs are never removed", OptionTraits().In("Cleaning")},
};

inline constexpr OptionTable<IngestOptions> kIngestTable("ingest option", kIngestRows);

// Throws kInvalidArgument that names the field, its value and its bounds.
void Validate(const IngestOptions& options);

}  // namespace sheepop
