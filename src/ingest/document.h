// One document on its way from the bytes of an input to a line of the corpus.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/fidelity.h"

namespace sheepop {

enum class DocumentKind {
  kText,
  kMarkdown,
  kCode,
  kHtml,
  kPdf,
  kImage,
  kDocx,
  kOdt,
  kEpub,
  kRtf,
  kLatex,
  kNotebook,
  kCsv,
  kJsonl,
  kArchive,      // zip, tar: holds other inputs
  kCompressed,   // gz, zst, xz, bz2: one other input
  kUnsupported,  // known, but nothing here reads it; or no text at all
};

// "text", "markdown", ...; the names used in the corpus and in options.
std::string_view Name(DocumentKind kind);

// Marks that readers of laid-out pages leave in the text and that the cleaning steps turn into plain lines. They are
// control characters, so they cannot be confused with text: the readers remove those first.
inline constexpr char kSoftBreak = '\n';      // a line of the layout ended; the sentence may go on
inline constexpr char kHardBreak = '\x1E';    // the author ended the line: a verse, a list, an address
inline constexpr char kColumnBreak = '\x0B';  // the next paragraph stands in another column
inline constexpr char kPageBreak = '\f';
inline bool IsLayoutMark(char c) { return c == kSoftBreak || c == kHardBreak || c == kColumnBreak || c == kPageBreak; }

// Where a line of a laid-out page stands, upright as it is read; points, y grows downward.
struct LinePlace {
  uint32_t page = 0;   // counted from 0
  uint32_t marks = 0;  // of the marks above that stand before the line in its page
  float x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  float page_height = 0;
  float confidence = -1;  // of the OCR that read it, 0 to 100; negative: it stands in the text layer
};

struct Document {
  std::string member;  // path inside an archive, "#17" for a record, "" for the input itself; raw bytes
  std::string sha256;  // hex, of the bytes that the document was read from
  DocumentKind kind = DocumentKind::kText;
  std::string programming_language;      // "python", ...; empty for prose
  std::string language;                  // ISO 639-1 of the prose, "" when it is unknown
  std::string license;                   // SPDX identifier found in the text, "" when there is none
  uint32_t pages = 0;                    // 0 when the format has none
  std::optional<double> ocr_confidence;  // mean over words, 0 to 100
  bool laid_out = false;                 // the text holds the marks above
  bool record = false;                   // one of many in its input; the report counts it instead of listing it
  std::string text;                      // valid UTF-8
  std::vector<LinePlace> places;         // of lines, in the order of the text; none once a step has moved marks
  std::vector<std::string> notes;        // what a person should know: bytes replaced, pages that failed
  std::optional<Fidelity> fidelity;      // of what was converted: its words against those of the text
  std::vector<PageFidelity> checked;     // pages whose text layer was compared with their picture
  std::vector<std::string> suspicions;   // names of the doubts that hold: "mojibake", "low_ocr_confidence"
};

// True for documents that are not prose: their lines and characters stay as they are.
bool IsCode(const Document& document);

// What became of a document or of an input that gave none.
enum class DocumentFate { kTaken, kDropped, kFailed };

std::string_view Name(DocumentFate fate);

// Where it failed, as the report says it.
inline constexpr std::string_view kReadStep = "read";
inline constexpr std::string_view kFieldStep = "field";  // a record, or a table, lacks the field that holds the text

// The number of code points.
uint64_t CountCharacters(std::string_view utf8);

}  // namespace sheepop
