// What is done to each document between its reader and the corpus: a list of steps in one visible order (prepare.cc).
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "ingest/clean/clean_step.h"
#include "ingest/compare/fingerprint.h"
#include "ingest/options.h"
#include "ingest/part_store.h"

namespace sheepop {

using CleanSteps = std::vector<std::unique_ptr<CleanStep>>;

struct PreparedRecord {
  PartRecord record;                 // its text is empty when a cleaning step dropped it
  std::optional<Fingerprint> print;  // of a document that is taken
};

// Safe from any thread.
PreparedRecord Prepare(Document document, const IngestOptions& options, const CleanSteps& clean);

}  // namespace sheepop
