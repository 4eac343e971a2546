// Cleaning a document is a list of steps in one visible order (BuildCleanSteps). Each can be switched off, is counted in
// the report, and may drop the document with a reason. Steps see one document; what needs several is in ingest/compare/.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/document.h"
#include "ingest/options.h"

namespace sheepop {

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

}  // namespace sheepop
