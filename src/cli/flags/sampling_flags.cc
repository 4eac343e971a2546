#include "cli/flags/sampling_flags.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/value.hpp>

#include "base/error.h"
#include "base/text_file.h"
#include "checkpoint/json.h"
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
    throw Error(ErrorCategory::kInvalidArgument, "\"{}\" are no sampling flags: {}", flags, error.what());
  }
  SamplingFlags both = *this;
  both.given_.Append(more.given_);
  return both;
}

void SamplingFlags::NoteSuggestions(const Console& console, const std::filesystem::path& model) const {
  const std::filesystem::path path = model / "generation_config.json";
  const std::vector<std::string_view> flags_given = Given();
  const auto given = [&](std::string_view name) {
    return std::ranges::count(flags_given, kSamplingTable.Named(name).flag) > 0;
  };
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored) || given("profile")) return;
  const boost::json::object config = ParseJsonObject(ReadTextFile(path, "a JSON file"), path.string());
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {{"temperature", "temperature"},
                                                                      {"top_k", "top_k"},
                                                                      {"top_p", "top_p"},
                                                                      {"min_p", "min_p"},
                                                                      {"repetition_penalty", "repeat_penalty"}};
  std::string flags;
  for (const auto& [theirs, ours] : kNames) {
    const boost::json::value* value = config.if_contains(theirs);
    if (!value || !value->is_number() || given(ours)) continue;
    flags += fmt::format(" {} {:g}", kSamplingTable.Named(ours).flag, value->to_number<double>());
  }
  if (!flags.empty())
    console.Note(fmt::format("{} suggests{}, which is not used unless you give it", path.string(), flags));
}

}  // namespace sheepop::cli
