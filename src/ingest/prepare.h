// What is done to each document between its reader and the corpus: a list of steps in one visible order (prepare.cc).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
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

// Called after each step that may change the text.
using StepObserver = std::function<void(std::string_view step, const Document& document)>;

// Safe from any thread.
PreparedRecord Prepare(Document document, const IngestOptions& options, const CleanSteps& clean,
                       const StepObserver& observer = {});

}  // namespace sheepop
