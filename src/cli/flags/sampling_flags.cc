#include "cli/flags/sampling_flags.h"

#include <fmt/core.h>

#include <utility>

#include "base/error.h"
#include "cli/flags/constraint_flags.h"
#include "sample/constraint_cache.h"
#include "sample/idle_options.h"
#include "sample/profile.h"

namespace sheepop::cli {

void SamplingFlags::Register(FlagSet flags) { given_.Register(flags, "Sampling", true); }

SamplingOptions SamplingFlags::Options() const {
  const std::string* profile = given_.Given(kSamplingTable.Named("profile"));
  SamplingOptions options;
  if (profile) {
    options = ProfileNamed(*profile).defaults;
  } else {
    suggested_.Apply(options, [&](const OptionRow& row) { return given_.Given(row) != nullptr; });
  }
  options = given_.Over(std::move(options));
  Validate(options);
  return options;
}

void SamplingFlags::Suggest(const Console& console, const SuggestedSampling& suggested) {
  suggested_ = suggested;
  if (given_.Given(kSamplingTable.Named("profile"))) return;
  std::string flags;
  for (const auto& [row, value] : suggested.options) {
    if (!given_.Given(*row)) flags += fmt::format(" {} {}", row->flag, value);
  }
  if (flags.empty()) return;
  flags.erase(0, 1);
  console.Note(
      {"suggested_sampling", suggested.source, flags,
       fmt::format("drawing with {}, advised by {}; flags given here stand over it", flags, suggested.source)});
}

std::vector<std::string_view> SamplingFlags::Given() const { return given_.Flags(); }

SamplingFlags SamplingFlags::With(const std::string& flags) const {
  SamplingFlags more;
  try {
    ParseFlags(flags, [&](FlagSet set) { more.Register(set); });
  } catch (const Error& error) {
    throw Error(ErrorCategory::kInvalidArgument,
                "--against: \"{}\" are no sampling flags ({}); those under Sampling in sheepop explain --help all can "
                "stand there",
                flags, error.what());
  }
  SamplingFlags both = *this;
  both.given_.Append(more.given_);
  return both;
}

void SamplingFlags::WarnOfIdle(const Console& console) const {
  for (const Warning& warning : IdleOptions(Options(), given_.Rows(), true)) console.Warn(warning);
}

void SamplingFlags::WarnOfConstraint(const Console& console, const SamplingVocabulary& vocabulary) const {
  const ConstraintOptions constraint = Options().constraint;
  if (!constraint.given()) return;
  const auto read = ReadShape(constraint, vocabulary, given_.file());
  for (const Warning& warning : WarningsOf(read->notes)) console.Warn(warning);
}

}  // namespace sheepop::cli
