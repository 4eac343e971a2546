#include "cli/flags/sampling_flags.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text_file.h"
#include "checkpoint/json.h"
#include "sample/profile.h"

namespace sheepop::cli {
namespace {

std::string Help(const OptionField& field) {
  std::string help(field.help);
  const std::string bounds = field.Bounds(), fallback = field.Default();
  if (!field.unit.empty()) help += fmt::format(" [{}]", field.unit);
  if (!bounds.empty()) help += fmt::format("; {}", bounds);
  if (!fallback.empty()) help += fmt::format(" (default {})", fallback);
  return help;
}

}  // namespace

void SamplingFlags::Register(CLI::App& app) {
  const std::span<const OptionField> fields = SamplingFields();
  given_.reserve(fields.size());
  for (const OptionField& field : fields) {
    auto& values = given_.emplace_back(&field, std::vector<std::string>{}).second;
    CLI::Option* option = app.add_option(std::string(field.flag), values, Help(field))->group("Sampling");
    option->type_name("VALUE")->allow_extra_args(false);
    if (!field.is_list()) option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
}

SamplingOptions SamplingFlags::Options() const {
  SamplingOptions options;
  const auto& profile = SamplingField("profile");
  for (const auto& [field, values] : given_) {
    if (field == &profile && !values.empty()) options = ProfileNamed(values.back()).defaults;
  }
  for (const auto& [field, values] : given_) {
    for (const std::string& value : values) field->Set(options, value);
  }
  Validate(options);
  return options;
}

std::vector<std::string_view> SamplingFlags::Given() const {
  std::vector<std::string_view> flags;
  for (const auto& [field, values] : given_) {
    if (!values.empty()) flags.push_back(field->flag);
  }
  return flags;
}

SamplingFlags SamplingFlags::With(const std::string& flags) const {
  SamplingFlags both;
  CLI::App app;
  app.set_help_flag();
  both.Register(app);
  try {
    app.parse(flags);
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorCategory::kInvalidArgument, "\"{}\" are no sampling flags: {}", flags, error.what());
  }
  for (size_t i = 0; i < given_.size(); ++i) {
    std::vector<std::string>& values = both.given_[i].second;
    values.insert(values.begin(), given_[i].second.begin(), given_[i].second.end());
  }
  return both;
}

void SamplingFlags::NoteSuggestions(const Console& console, const std::filesystem::path& model) const {
  const std::filesystem::path path = model / "generation_config.json";
  const std::vector<std::string_view> flags_given = Given();
  const auto given = [&](std::string_view name) {
    return std::ranges::count(flags_given, SamplingField(name).flag) > 0;
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
    flags += fmt::format(" {} {:g}", SamplingField(ours).flag, value->to_number<double>());
  }
  if (!flags.empty())
    console.Note(fmt::format("{} suggests{}, which is not used unless you give it", path.string(), flags));
}

}  // namespace sheepop::cli
