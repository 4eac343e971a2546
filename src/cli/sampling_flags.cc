#include "cli/sampling_flags.h"

#include <fmt/format.h>

#include "base/error.h"
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

}  // namespace sheepop::cli
