#include "cli/flags/sampling_flags.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "generate/suggested_sampling.h"
#include "sample/constraint_cache.h"
#include "sample/idle_options.h"
#include "sample/profile.h"

namespace sheepop::cli {

void SamplingFlags::Register(FlagSet flags) { given_.Register(flags, "Sampling", true); }

SamplingOptions SamplingFlags::Options() const {
  const std::string* profile = given_.Given(kSamplingTable.Named("profile"));
  SamplingOptions options = given_.Over(profile ? ProfileNamed(*profile).defaults : SamplingOptions{});
  Validate(options);
  return options;
}

std::vector<std::string_view> SamplingFlags::Given() const { return given_.Flags(); }

SamplingFlags SamplingFlags::With(const std::string& flags) const {
  SamplingFlags more;
  try {
    ParseFlags(flags, [&](FlagSet set) { more.Register(set); });
  } catch (const Error& error) {
    throw Error(
        ErrorCategory::kInvalidArgument,
        "--against: \"{}\" are no sampling flags ({}); those under Sampling in sheepop explain --help can stand there",
        flags, error.what());
  }
  SamplingFlags both = *this;
  both.given_.Append(more.given_);
  return both;
}

void SamplingFlags::WarnOfIdle(const Console& console) const {
  for (const Warning& warning : IdleOptions(Options(), given_.Rows(), true)) console.Warn(warning);
}

void SamplingFlags::NoteSuggestions(const Console& console, const std::filesystem::path& model) const {
  const std::vector<std::string_view> flags_given = Given();
  const auto given = [&](const OptionRow& row) { return std::ranges::count(flags_given, row.flag) > 0; };
  if (given(kSamplingTable.Named("profile"))) return;
  std::string flags;
  for (const auto& [row, value] : SuggestedSampling(model)) {
    if (!given(*row)) flags += fmt::format(" {} {:g}", row->flag, value);
  }
  if (flags.empty()) return;
  const std::filesystem::path path = model / "generation_config.json";
  console.Note(fmt::format("{} suggests{}, which is not used unless you give it", path.string(), flags));
}

void SamplingFlags::WarnOfConstraint(const Console& console, const SamplingVocabulary& vocabulary) const {
  const ConstraintOptions constraint = Options().constraint;
  if (!constraint.given()) return;
  for (const Warning& warning : WarningsOf(vocabulary.constraints().Get(constraint, vocabulary)->notes)) {
    console.Warn(warning);
  }
}

}  // namespace sheepop::cli
