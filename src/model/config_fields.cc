#include "model/config_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <vector>

#include "base/error.h"

namespace sheepop {

size_t GgufFields::Size(std::string_view field) const {
  const auto value = OptionalSize(field);
  if (!value) throw Error(ErrorCategory::kCorrupt, "metadata has no {}", Key(field));
  return *value;
}

std::optional<size_t> GgufFields::OptionalSize(std::string_view field) const {
  const auto value = metadata_.Int(Key(field));
  if (!value) return std::nullopt;
  if (*value < 0) throw Error(ErrorCategory::kCorrupt, "metadata {} is {}, negative", Key(field), *value);
  return static_cast<size_t>(*value);
}

std::optional<size_t> GgufFields::OptionalUniformSize(std::string_view field) const {
  const Metadata::Entry* entry = metadata_.Find(Key(field));
  const bool list = entry && (std::holds_alternative<std::vector<int64_t>>(entry->value) ||
                              std::holds_alternative<std::vector<uint64_t>>(entry->value));
  if (!list) return OptionalSize(field);
  const std::vector<int64_t> values = *metadata_.Ints(Key(field));
  if (values.empty() || std::ranges::adjacent_find(values, std::ranges::not_equal_to()) != values.end() ||
      values[0] < 0) {
    const std::span<const int64_t> shown(values.data(), std::min<size_t>(values.size(), 16));
    throw Error(ErrorCategory::kUnsupported,
                "metadata {} is [{}{}]: layers whose sizes differ are not supported, the list must hold one number",
                Key(field), fmt::join(shown, ", "), shown.size() < values.size() ? ", ..." : "");
  }
  return static_cast<size_t>(values[0]);
}

double GgufFields::Float(std::string_view field) const { return metadata_.RequireFloat(Key(field)); }

double GgufFields::Float(std::string_view field, double otherwise) const {
  return OptionalFloat(field).value_or(otherwise);
}

const boost::json::value* HfFields::Find(std::string_view field) const {
  const boost::json::value* value = object_.if_contains(field);
  return value && !value->is_null() ? value : nullptr;
}

bool HfFields::IsNull(std::string_view field) const {
  const boost::json::value* value = object_.if_contains(field);
  return value && value->is_null();
}

std::string HfFields::ValueText(std::string_view field) const {
  const boost::json::value* value = object_.if_contains(field);
  if (!value) return "absent";
  std::string text = boost::json::serialize(*value);
  if (text.size() > 100) text = fmt::format("{}... ({} bytes)", text.substr(0, 80), text.size());
  return text;
}

void HfFields::Reject(std::string_view field, std::string_view problem) const {
  throw Error(ErrorCategory::kCorrupt, "config.json: {}{} is {}, {}", prefix_, field, ValueText(field), problem);
}

void HfFields::Refuse(std::string_view field, std::string_view problem) const {
  throw Error(ErrorCategory::kUnsupported, "config.json: {}{} is {}, {}", prefix_, field, ValueText(field), problem);
}

size_t HfFields::Size(std::string_view field) const {
  const auto value = OptionalSize(field);
  if (!value) throw Error(ErrorCategory::kCorrupt, "config.json has no {}{}", prefix_, field);
  return *value;
}

std::optional<size_t> HfFields::OptionalSize(std::string_view field) const {
  const boost::json::value* value = Find(field);
  if (!value) return std::nullopt;
  boost::system::error_code error;
  const auto number = value->to_number<uint64_t>(error);
  if (error) Reject(field, "must be a whole number of at least 0");
  return number;
}

double HfFields::Float(std::string_view field) const {
  const auto value = OptionalFloat(field);
  if (!value) throw Error(ErrorCategory::kCorrupt, "config.json has no {}{}", prefix_, field);
  return *value;
}

double HfFields::Float(std::string_view field, double otherwise) const {
  return OptionalFloat(field).value_or(otherwise);
}

std::optional<double> HfFields::OptionalFloat(std::string_view field) const {
  const boost::json::value* value = Find(field);
  if (!value) return std::nullopt;
  boost::system::error_code error;
  const auto number = value->to_number<double>(error);
  if (error) Reject(field, "must be a number");
  return number;
}

bool HfFields::Bool(std::string_view field, bool otherwise) const {
  const boost::json::value* value = Find(field);
  if (!value) return otherwise;
  if (!value->is_bool()) Reject(field, "must be true or false");
  return value->get_bool();
}

std::optional<std::string> HfFields::String(std::string_view field) const {
  const boost::json::value* value = Find(field);
  if (!value) return std::nullopt;
  if (!value->is_string()) Reject(field, "must be a string");
  return std::string(value->get_string());
}

const boost::json::object* HfFields::Object(std::string_view field) const {
  const boost::json::value* value = Find(field);
  if (value && !value->is_object()) Reject(field, "must be an object");
  return value ? value->if_object() : nullptr;
}

const boost::json::array* HfFields::Array(std::string_view field) const {
  const boost::json::value* value = Find(field);
  if (value && !value->is_array()) Reject(field, "must be a list");
  return value ? value->if_array() : nullptr;
}

}  // namespace sheepop
