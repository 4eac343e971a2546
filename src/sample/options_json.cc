#include "sample/options_json.h"

#include <fmt/format.h>

#include <string>
#include <type_traits>

#include "base/error.h"

namespace sheepop {
namespace {

namespace json = boost::json;

json::value ToJson(const OptionField& field, const SamplingOptions& options) {
  return std::visit(
      [&](auto member) -> json::value {
        const auto& value = options.*member;
        using Type = std::decay_t<decltype(value)>;
        if constexpr (std::is_arithmetic_v<Type>) {
          return value;
        } else if constexpr (requires(Type list) { list.emplace_back(); }) {
          if (!field.is_list()) return json::string(field.Get(options));
          json::array list;
          for (const auto& element : value) {
            SamplingOptions single;
            (single.*member).assign(1, element);
            list.emplace_back(field.Get(single));
          }
          return list;
        } else {
          return json::string(field.Get(options));
        }
      },
      field.member);
}

void Clear(const OptionField& field, SamplingOptions& options) {
  std::visit([&](auto member) { options.*member = std::decay_t<decltype(options.*member)>{}; }, field.member);
}

std::string TextOf(const OptionField& field, const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  if (value.is_int64()) return fmt::format("{}", value.get_int64());
  if (value.is_uint64()) return fmt::format("{}", value.get_uint64());
  if (value.is_double()) return fmt::format("{}", value.get_double());
  throw Error(ErrorCategory::kInvalidArgument, "{} must be a number, text, true or false", field.name);
}

}  // namespace

json::object SettingsJson(const SamplingOptions& options) {
  json::object out;
  for (const OptionField& field : SamplingFields()) {
    if (field.name != "seed") out[field.name] = ToJson(field, options);
  }
  return out;
}

SamplingOptions SettingsFromJson(const json::object& settings) {
  SamplingOptions options;
  for (const auto& member : settings) {
    const OptionField& field = SamplingField(std::string_view(member.key()));
    if (!field.is_list()) {
      field.Set(options, TextOf(field, member.value()));
      continue;
    }
    if (!member.value().is_array()) throw Error(ErrorCategory::kInvalidArgument, "{} must be a list", field.name);
    Clear(field, options);
    for (const json::value& element : member.value().get_array()) field.Set(options, TextOf(field, element));
  }
  Validate(options);
  return options;
}

}  // namespace sheepop
