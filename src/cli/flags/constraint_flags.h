// The flags that say what shape a text must have: those rows of the table of sample/options.h, for commands that draw
// nothing.
#pragma once

#include "cli/flags/flag_set.h"
#include "sample/options.h"

namespace sheepop::cli {

class ConstraintFlags {
 public:
  void Register(FlagSet flags);

  // At most one schema, expression, grammar or list of choices is given, which ConstraintCache sees to.
  const ConstraintOptions& options() const { return options_.constraint; }

 private:
  SamplingOptions options_;
};

}  // namespace sheepop::cli
