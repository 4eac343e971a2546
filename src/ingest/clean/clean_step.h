// Cleaning a document is a list of steps in one visible order (BuildCleanSteps). Each can be switched off, is counted in
// the report, and may drop the document with a reason. Steps see one document; what needs several is in ingest/compare/.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/document.h"

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

struct CleanResult {
  uint64_t changes = 0;     // how often the step did its work
  std::string drop_reason;  // not empty: the document is dropped
};

class CleanStep {
 public:
  virtual ~CleanStep() = default;
  virtual std::string_view name() const = 0;  // as in CleanOptions
  virtual CleanResult Apply(Document& document) const = 0;
};

// The steps that the options switch on, in order. Immutable, shared between threads.
std::vector<std::unique_ptr<CleanStep>> BuildCleanSteps(const CleanOptions& options);

// Each step's name and what it does, in order, for help texts.
struct CleanStepHelp {
  std::string_view name, does;
};
std::vector<CleanStepHelp> CleanStepsHelp();

// True for documents that are not prose: their lines and characters stay as they are.
bool IsCode(const Document& document);

}  // namespace sheepop
