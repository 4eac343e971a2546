// Doubts about a document that a person should look at. They drop nothing.
#pragma once

#include <cstdint>
#include <string>

#include "ingest/document.h"

namespace sheepop {

// Adds to document.suspicions, once each: "garbled_text_layer" (by the reader too), "low_ocr_confidence" (mean below 70),
// "mojibake", "base64", "minified_code", "replacement_characters", "marker_strings" (of chat templates and tokenizers:
// they are kept, and are text to every tokenizer here).
void AddSuspicions(Document& document);

// Names of all doubts with what they mean, for people.
std::string_view SuspicionMeaning(std::string_view name);

// How many characters beyond ASCII are pairs that only UTF-8 read as Windows-1252 gives ("Ã©"), and how many are not.
struct MojibakeCount {
  uint64_t pairs = 0, others = 0;
  bool likely() const { return pairs >= 3 && pairs > others; }
};
MojibakeCount CountMojibake(std::string_view utf8);

// Reads such text back where likely() holds; returns the number of characters repaired.
uint64_t RepairMojibake(std::string& utf8);

}  // namespace sheepop
