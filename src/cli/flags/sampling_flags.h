// The sampling flags, from the one table of sample/options.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/console.h"
#include "cli/flags/option_flags.h"
#include "generate/suggested_sampling.h"
#include "sample/options.h"

namespace sheepop::cli {

class SamplingFlags {
 public:
  void Register(FlagSet flags);

  // Takes over how the makers of a model draw from it, and tells. Given flags stand over it, and a given profile in its
  // place.
  void Suggest(const Console& console, const SuggestedSampling& suggested);

  // The defaults, those that were suggested or those of a given profile, with the given flags over them. Throws
  // kInvalidArgument naming field, value and bound.
  SamplingOptions Options() const;

  // The same with more flags, as on a command line, after the given ones. Throws kInvalidArgument for other flags.
  SamplingFlags With(const std::string& flags) const;

  // The flags given, as on the command line.
  std::vector<std::string_view> Given() const;

  // Warns of each given flag that changes nothing beside the others, and why.
  void WarnOfIdle(const Console& console) const;

  // Tells what a given grammar or schema was not read or will not be kept as it says. Throws what ConstraintCache::Get does.
  void WarnOfConstraint(const Console& console, const SamplingVocabulary& vocabulary) const;

 private:
  GivenOptions<SamplingOptions> given_{kSamplingTable};
  SuggestedSampling suggested_;
};

}  // namespace sheepop::cli
