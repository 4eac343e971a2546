#include "sample/idle_options.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

namespace sheepop {
namespace {

// The rows that a step reads, where their name is not the step's.
constexpr struct {
  std::string_view row, step;
} kReadBy[] = {
    {"repeat_penalty", "repetition"},
    {"presence_penalty", "presence"},
    {"frequency_penalty", "frequency"},
    {"dry_multiplier", "dry"},
    {"dry_base", "dry"},
    {"dry_allowed_length", "dry"},
    {"dry_last_n", "dry"},
    {"dry_breakers", "dry"},
    {"dynatemp_range", "temperature"},
    {"dynatemp_exponent", "temperature"},
    {"epsilon_cutoff", "epsilon"},
    {"eta_cutoff", "eta"},
    {"xtc_probability", "xtc"},
    {"xtc_threshold", "xtc"},
    {"mirostat_tau", "mirostat"},
    {"mirostat_eta", "mirostat"},
};

const StepRow* StepOf(const OptionRow& row) {
  const auto* named = std::ranges::find(kReadBy, row.name, [](const auto& one) { return one.row; });
  const std::string_view name = named == std::end(kReadBy) ? row.name : named->step;
  const auto* step = std::ranges::find(kSteps, name, &StepRow::name);
  return step == std::end(kSteps) ? nullptr : step;
}

bool Names(const std::vector<std::string>& samplers, std::string_view step) {
  const bool penalty = step == "repetition" || step == "presence" || step == "frequency";
  return std::ranges::find(samplers, step) != samplers.end() ||
         (penalty && std::ranges::find(samplers, "penalties") != samplers.end());
}

}  // namespace

std::string IdleReason(const SamplingOptions& options, const OptionRow& row, bool flags) {
  if (std::string idle = kSamplingTable.Idle(&options, row, flags); !idle.empty()) return idle;
  const ConstraintOptions& shape = options.constraint;
  if (row.traits.only_with == kOfSchemas.only_with && shape.json_schema.empty() &&
      shape.grammar.find("%json") == std::string::npos) {
    return fmt::format("{} has no schema (%json)", flags ? "--grammar" : "grammar");
  }
  const StepRow* step = StepOf(row);
  // Temperature 0 is greedy without a step.
  if (!step || (row.name == "temperature" && options.temperature == 0)) return "";
  if (options.samplers.empty()) {
    if (!step->filter || options.mirostat == 0) return "";
    return fmt::format("{} is {}", flags ? "--mirostat" : "mirostat", options.mirostat);
  }
  if (Names(options.samplers, step->name)) return "";
  return fmt::format("{} does not name {}", flags ? "--samplers" : "samplers", step->name);
}

std::vector<Warning> IdleOptions(const SamplingOptions& options, std::span<const OptionRow* const> given, bool flags) {
  std::vector<Warning> warnings;
  for (const OptionRow* row : given) {
    const std::string reason = IdleReason(options, *row, flags);
    if (reason.empty()) continue;
    const std::string_view name = flags ? row->long_flag() : row->name;
    const std::string value = kSamplingTable.Get(options, *row);
    warnings.push_back(
        {"no_effect", std::string(name), value,
         fmt::format("{} is {} and changes nothing, for {}", name, value.empty() ? "\"\"" : value, reason)});
  }
  return warnings;
}

}  // namespace sheepop
