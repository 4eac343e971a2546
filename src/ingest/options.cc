#include "ingest/options.h"

#include "base/error.h"

namespace sheepop {

void Validate(const IngestOptions& options) {
  if (options.inputs.empty()) {
    throw Error(ErrorCategory::kInvalidArgument, "no inputs: name at least one file or folder");
  }
  if (options.output.empty())
    throw Error(ErrorCategory::kInvalidArgument, "no output folder is named; give the corpus one with -o");
  kIngestTable.Validate(options);
}

}  // namespace sheepop
