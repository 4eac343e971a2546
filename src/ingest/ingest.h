// Documents to a corpus: walks the inputs, reads each in whatever format it is, cleans, removes duplicates, and writes
//   OUT/documents.jsonl.zst  one JSON object a line: id, source, sha256, kind, programming_language, language, license,
//                            characters, pages, ocr_confidence, text
//   OUT/report.json          every input: taken, dropped (which step, why) or failed (why); totals; duplicates; doubts
//   OUT/options.json         the options on which reading depends, to read a document again
//   OUT/.cache               what was read from each input, by its content: a second run reads only what changed, and a
//                            run that was killed goes on from there
// Equal inputs and options give equal bytes, whatever the order of reading, the number of workers, and interruptions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/account.h"
#include "ingest/document.h"
#include "ingest/options.h"

namespace sheepop {

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

// What would become of a file below the inputs, told from its bytes and its name as Ingest does it; nothing is written.
struct PlannedInput {
  std::string source;  // as in the report
  uint64_t bytes = 0;
  DocumentKind kind = DocumentKind::kUnsupported;
  std::string reader;  // who reads it; "" when it would be left out
  std::string reason;  // why, then
};

// In the order of the corpus. Throws Error for an input that does not exist.
std::vector<PlannedInput> PlanIngest(const IngestOptions& options);

}  // namespace sheepop
