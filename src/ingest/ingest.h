// Documents to a corpus: walks the inputs, reads each in whatever format it is, cleans, removes duplicates, and writes
//   OUT/documents.jsonl.zst  one JSON object a line: id, source, sha256, kind, programming_language, language, license,
//                            characters, pages, ocr_confidence, text
//   OUT/report.json          every input: taken, dropped (which step, why) or failed (why); totals; duplicates; doubts
//   OUT/.cache               what was read from each input, by its content: a second run reads only what changed, and a
//                            run that was killed goes on from there
// Equal inputs and options give equal bytes, whatever the order of reading, the number of workers, and interruptions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ingest/account.h"
#include "ingest/clean/clean_step.h"

namespace sheepop {

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

struct IngestProgress {
  enum class Stage { kFinding, kReading, kComparing, kWriting };
  Stage stage = Stage::kFinding;
  uint64_t files_done = 0, files_total = 0;
  uint64_t bytes_done = 0, bytes_total = 0;
  double seconds = 0;       // since the stage began
  double eta_seconds = -1;  // until its end; negative when unknown
};

std::string_view Name(IngestProgress::Stage stage);

// Called by one thread at a time, at most some ten times a second.
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  virtual void OnProgress(const IngestProgress& progress) = 0;
};

// Throws Error when the run as a whole cannot go on: an input that does not exist, an output that cannot be written,
// another run at work in the same folder. What is wrong with one document is in the report.
// To interrupt it, end the process: the next run goes on.
IngestReport Ingest(const IngestOptions& options, ProgressSink* progress = nullptr);

}  // namespace sheepop
