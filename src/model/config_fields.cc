#include "model/config_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <vector>

#include "base/utf8.h"

namespace sheepop {

size_t GgufFields::Size(std::string_view field, size_t most) const {
  const auto value = OptionalSize(field);
  if (!value) ThrowMissing(field);
  if (*value < 1 || *value > most) Reject(field, *value, fmt::format("must be 1 to {}", most));
  return *value;
}

void GgufFields::Throw(ErrorCategory category, std::string_view field, const std::string& value,
                       std::string_view problem) const {
  throw KeyError(category, Key(field), fmt::format("metadata {} is {}, {}", Key(field), value, problem));
}

void GgufFields::ThrowMissing(std::string_view field) const {
  throw KeyError(
      ErrorCategory::kCorrupt, Key(field),
      fmt::format("metadata has no {}, which this architecture needs; get the file again, or convert the model anew",
                  Key(field)));
}

std::optional<size_t> GgufFields::OptionalSize(std::string_view field) const {
  const auto value = metadata_.Int(Key(field));
  if (!value) return std::nullopt;
  if (*value < 0) Reject(field, *value, "must be at least 0");
  return static_cast<size_t>(*value);
}

bool GgufFields::IsList(std::string_view field) const {
  const Metadata::Entry* entry = metadata_.Find(Key(field));
  return entry && (std::holds_alternative<std::vector<int64_t>>(entry->value) ||
                   std::holds_alternative<std::vector<uint64_t>>(entry->value));
}

std::optional<std::vector<size_t>> GgufFields::SizesByLayer(std::string_view field, size_t layers, size_t most) const {
  if (!IsList(field)) return std::nullopt;
  const std::vector<int64_t> values = metadata_.Ints(Key(field)).value_or(std::vector<int64_t>());
  if (values.size() != layers) {
    Reject(field, fmt::format("a list of {}", values.size()), fmt::format("the model has {} layers", layers));
  }
  for (const int64_t value : values) {
    if (value < 1 || static_cast<uint64_t>(value) > most) {
      Reject(field, value, fmt::format("of a layer must be 1 to {}", most));
    }
  }
  return std::vector<size_t>(values.begin(), values.end());
}

std::vector<bool> GgufFields::LayersWithout(std::string_view field, size_t layers) const {
  std::vector<bool> out(layers);
  if (!IsList(field)) return out;
  const std::vector<int64_t> values = metadata_.Ints(Key(field)).value_or(std::vector<int64_t>());
  if (values.size() != layers) {
    Reject(field, fmt::format("a list of {}", values.size()), fmt::format("the model has {} layers", layers));
  }
  for (size_t layer = 0; layer < layers; ++layer) out[layer] = values[layer] == 0;
  return out;
}

std::optional<size_t> GgufFields::OptionalUniformSize(std::string_view field, bool skips) const {
  if (!IsList(field)) return OptionalSize(field);
  std::vector<int64_t> values = metadata_.Ints(Key(field)).value_or(std::vector<int64_t>());
  if (skips) std::erase(values, 0);
  if (values.empty() || std::ranges::adjacent_find(values, std::ranges::not_equal_to()) != values.end() ||
      values[0] < 0) {
    const std::span<const int64_t> shown(values.data(), std::min<size_t>(values.size(), 16));
    Refuse(field, fmt::format("[{}{}]", fmt::join(shown, ", "), shown.size() < values.size() ? ", ..." : ""),
           "must be one number for all layers: layers whose sizes differ are not supported");
  }
  return static_cast<size_t>(values[0]);
}

size_t GgufFields::UniformSize(std::string_view field, size_t most) const {
  const auto value = OptionalUniformSize(field);
  if (!value) ThrowMissing(field);
  if (*value < 1 || *value > most) Reject(field, *value, fmt::format("must be 1 to {}", most));
  return *value;
}

std::optional<std::vector<bool>> GgufFields::OptionalFlags(std::string_view field, size_t layers) const {
  const Metadata::Entry* entry = metadata_.Find(Key(field));
  const auto* flags = entry ? std::get_if<std::vector<uint8_t>>(&entry->value) : nullptr;
  if (!flags) return std::nullopt;
  if (flags->size() != layers) {
    Reject(field, fmt::format("a list of {}", flags->size()), fmt::format("the model has {} layers", layers));
  }
  return std::vector<bool>(flags->begin(), flags->end());
}

double GgufFields::Float(std::string_view field) const {
  const auto value = OptionalFloat(field);
  if (!value) ThrowMissing(field);
  return *value;
}

double GgufFields::Float(std::string_view field, double otherwise) const {
  return OptionalFloat(field).value_or(otherwise);
}

double GgufFields::Multiplier(std::string_view field) const {
  const double value = Float(field, 0);
  if (!(value >= 0)) Reject(field, value, "must be at least 0");
  return value == 0 ? 1 : value;
}

const boost::json::value* HfFields::Find(std::string_view field) const {
  const boost::json::value* value = object_.if_contains(field);
  return value && !value->is_null() ? value : nullptr;
}

bool HfFields::IsNull(std::string_view field) const {
  const boost::json::value* value = object_.if_contains(field);
  return value && value->is_null();
}

void HfFields::Throw(ErrorCategory category, std::string_view field, std::string_view problem) const {
  const boost::json::value* value = object_.if_contains(field);
  std::string text = value ? boost::json::serialize(*value) : "absent";
  if (text.size() > 100) text = fmt::format("{}... ({} bytes)", ToValidUtf8(text.substr(0, 80)), text.size());
  const std::string key = fmt::format("{}{}", prefix_, field);
  throw KeyError(category, key, fmt::format("config.json: {} is {}, {}", key, text, problem));
}

void HfFields::ThrowMissing(std::string_view field) const {
  const std::string key = fmt::format("{}{}", prefix_, field);
  throw KeyError(ErrorCategory::kCorrupt, key, fmt::format("config.json has no {}", key));
}

void HfFields::Reject(std::string_view field, std::string_view problem) const {
  Throw(ErrorCategory::kCorrupt, field, problem);
}

void HfFields::Refuse(std::string_view field, std::string_view problem) const {
  Throw(ErrorCategory::kUnsupported, field, problem);
}

size_t HfFields::Size(std::string_view field, size_t most) const {
  const auto value = OptionalSize(field);
  if (!value) ThrowMissing(field);
  if (*value < 1 || *value > most) Reject(field, fmt::format("must be 1 to {}", most));
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
  if (!value) ThrowMissing(field);
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

double HfFields::Multiplier(std::string_view field, double otherwise) const {
  const double value = Float(field, otherwise);
  if (!(value > 0)) Reject(field, "must be above 0");
  return value;
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
