// Which reader would take each file, without reading more than its ends.
#include <algorithm>

#include "base/error.h"
#include "ingest/ingest.h"
#include "ingest/part_store.h"
#include "ingest/readers/reader.h"
#include "ingest/sources.h"

namespace sheepop {
namespace {

PlannedInput Planned(const FoundFile& file) {
  PlannedInput planned;
  planned.source = DisplayName(file.path);
  planned.bytes = file.stamp.size;
  if (file.stamp.size == 0) {
    planned.reason = "empty";
    return planned;
  }
  try {
    const Blob blob = Blob::OfFile(file.path);
    const Sniffed sniffed = Sniff(blob, std::filesystem::path(file.path).filename().string());
    planned.kind = sniffed.kind;
    planned.reader = ReaderOf(sniffed.kind);
    planned.reason = sniffed.what;
  } catch (const Error& error) {
    planned.reason = error.what();
  }
  return planned;
}

}  // namespace

std::vector<PlannedInput> PlanIngest(const IngestOptions& options) {
  std::vector<PlannedInput> plan;
  const FoundSources found = FindSources(options.inputs, options.output);
  for (const FoundFile& file : found.files) plan.push_back(Planned(file));
  for (const SkippedInput& skipped : found.skipped) {
    plan.push_back({DisplayName(skipped.path), 0, DocumentKind::kUnsupported, "", skipped.reason});
  }
  std::ranges::stable_sort(plan, {}, &PlannedInput::source);
  return plan;
}

}  // namespace sheepop
