// The flags that say what shape a text must have: those rows of the table of sample/options.h, for commands that draw
// nothing.
#pragma once

#include <memory>
#include <string>

#include "cli/console.h"
#include "cli/flags/flag_set.h"
#include "cli/flags/option_flags.h"
#include "sample/constraint_cache.h"
#include "sample/options.h"
#include "sample/vocabulary.h"

namespace sheepop::cli {

// What ConstraintCache::Get gives. What it refuses of a schema or a grammar that was read from `file` names that; empty: from
// none.
std::shared_ptr<const ReadConstraint> ReadShape(const ConstraintOptions& shape, const SamplingVocabulary& vocabulary,
                                                const std::string& file);

class ConstraintFlags {
 public:
  ConstraintFlags();
  void Register(FlagSet flags);

  // At most one schema, expression, grammar or list of choices is given, which ConstraintCache sees to.
  ConstraintOptions Options() const;
  // ReadShape of those.
  std::shared_ptr<const ReadConstraint> Read(const SamplingVocabulary& vocabulary) const;
  // Tells of those that change nothing. `schemas`: there are some besides that of the flags.
  void WarnOfIdle(const Console& console, bool schemas) const;

 private:
  GivenOptions<SamplingOptions> given_;
};

}  // namespace sheepop::cli
