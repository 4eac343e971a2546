// The flags that say what shape a text must have: those rows of the table of sample/options.h, for commands that draw
// nothing.
#pragma once

#include "cli/console.h"
#include "cli/flags/flag_set.h"
#include "cli/flags/option_flags.h"
#include "sample/options.h"

namespace sheepop::cli {

class ConstraintFlags {
 public:
  ConstraintFlags();
  void Register(FlagSet flags);

  // At most one schema, expression, grammar or list of choices is given, which ConstraintCache sees to.
  ConstraintOptions Options() const;
  // Tells of those that change nothing. `schemas`: there are some besides that of the flags.
  void WarnOfIdle(const Console& console, bool schemas) const;

 private:
  GivenOptions<SamplingOptions> given_;
};

}  // namespace sheepop::cli
