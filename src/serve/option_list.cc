#include "serve/option_list.h"

#include <boost/json/value.hpp>
#include <cmath>
#include <string>

#include "base/options_json.h"
#include "sample/options.h"
#include "sample/profile.h"

namespace sheepop {
namespace {

namespace json = boost::json;

std::string_view ShapeName(OptionType::Shape shape) {
  switch (shape) {
    case OptionType::Shape::kNumber: return "number";
    case OptionType::Shape::kSwitch: return "switch";
    case OptionType::Shape::kText: return "text";
    case OptionType::Shape::kList: return "list";
  }
  return "text";
}

json::value Bound(double bound, bool known) { return known && std::isfinite(bound) ? json::value(bound) : nullptr; }

json::array Choices(const OptionRow& row) {
  json::array choices;
  if (row.name == "profile") {
    for (const Profile& profile : Profiles()) choices.push_back(json::value(profile.name));
  }
  std::string_view rest = row.allowed.choices;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('|'), rest.size());
    choices.push_back(json::value(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return choices;
}

}  // namespace

json::object SamplingOptionList(std::string_view profile) {
  const SamplingOptions& usual = ProfileNamed(profile).defaults;
  json::array sampling, shape;
  for (const OptionRow& row : kSamplingTable.rows()) {
    const bool bounded = row.field.type().shape() == OptionType::Shape::kNumber;
    json::array& options = IsConstraint(row) ? shape : sampling;
    options.push_back({{"name", row.name},
                       {"help", row.help},
                       {"unit", row.unit},
                       {"shape", ShapeName(row.field.type().shape())},
                       {"long", row.traits.file},  // a text of several lines
                       {"low", Bound(row.allowed.bounds.low, bounded)},
                       {"high", Bound(row.allowed.bounds.high, bounded && !row.allowed.bounds.open)},
                       {"choices", Choices(row)},
                       {"default", OptionJson(kSamplingTable, row, &usual)}});
  }
  return {{"groups",
           {{{"title", "Sampling"}, {"options", std::move(sampling)}},
            {{"title", kShape.group}, {"options", std::move(shape)}}}}};
}

}  // namespace sheepop
