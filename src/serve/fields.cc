#include "serve/fields.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <utility>

#include "base/did_you_mean.h"
#include "base/quoted.h"

namespace sheepop {
namespace {

namespace json = boost::json;

constexpr double kWholeAsDouble = 9007199254740992;  // up to here every whole number is a double

std::optional<int64_t> WholeOf(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (!value.is_double()) return {};
  const double real = value.get_double();
  if (real != std::floor(real) || std::abs(real) > kWholeAsDouble) return {};
  return static_cast<int64_t>(real);
}

}  // namespace

std::string Shown(const json::value& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return fmt::format("a list of {}", value.get_array().size());
  if (value.is_string()) return Quoted(std::string_view(value.get_string()));
  if (value.is_double()) return NumberText(value.get_double());
  return json::serialize(value);
}

std::string ElementPath(std::string_view array, size_t index) { return fmt::format("{}[{}]", array, index); }

Fields::Fields(const json::object& object, std::string path) : object_(object), path_(std::move(path)) {}

const json::value* Fields::Any(std::string_view name) {
  read_.push_back(name);
  const json::value* const value = object_.if_contains(name);
  return value && !value->is_null() ? value : nullptr;
}

std::optional<bool> Fields::Bool(std::string_view name) {
  const json::value* const value = Any(name);
  if (!value) return {};
  if (!value->is_bool()) WrongType(name, *value, "true or false");
  return value->get_bool();
}

std::optional<double> Fields::Number(std::string_view name, const Bounds& bounds) {
  const json::value* const value = Any(name);
  if (!value) return {};
  if (!value->is_number()) WrongType(name, *value, fmt::format("a number, {}", bounds.Text()));
  const double number = value->to_number<double>();
  ForField(Path(name), [&] { CheckBounds(Path(name), number, bounds); });
  return number;
}

std::optional<int64_t> Fields::Integer(std::string_view name, const Bounds& bounds) {
  const json::value* const value = Any(name);
  if (!value) return {};
  if (value->is_uint64() || (value->is_double() && std::abs(value->get_double()) > kWholeAsDouble)) {
    ForField(Path(name), [&] { CheckBounds(Path(name), value->to_number<double>(), bounds); });
  }
  const std::optional<int64_t> whole = WholeOf(*value);
  if (!whole) WrongType(name, *value, fmt::format("a whole number, {}", bounds.Text()));
  ForField(Path(name), [&] { CheckBounds(Path(name), static_cast<double>(*whole), bounds); });
  return whole;
}

std::optional<std::string> Fields::String(std::string_view name) {
  const json::value* const value = Any(name);
  if (!value) return {};
  if (!value->is_string()) WrongType(name, *value, "text");
  return std::string(value->get_string());
}

std::optional<std::string> Fields::Choice(std::string_view name, std::initializer_list<std::string_view> choices) {
  const json::value* const value = Any(name);
  if (!value) return {};
  const std::string wanted = fmt::format("{}", fmt::join(choices, " or "));
  if (!value->is_string()) WrongType(name, *value, wanted);
  const std::string_view text = value->get_string();
  if (std::ranges::find(choices, text) == choices.end()) WrongType(name, *value, wanted + DidYouMean(text, choices));
  return std::string(text);
}

const json::object* Fields::Object(std::string_view name) {
  const json::value* const value = Any(name);
  if (!value) return nullptr;
  if (!value->is_object()) WrongType(name, *value, "an object");
  return &value->get_object();
}

const json::array* Fields::Array(std::string_view name) {
  const json::value* const value = Any(name);
  if (!value) return nullptr;
  if (!value->is_array()) WrongType(name, *value, "a list");
  return &value->get_array();
}

std::vector<std::string> Fields::StringOrList(std::string_view name) {
  const json::value* const value = Any(name);
  if (!value) return {};
  if (value->is_string()) return {std::string(value->get_string())};
  if (!value->is_array()) WrongType(name, *value, "text or a list of texts");
  std::vector<std::string> texts;
  for (const json::value& element : value->get_array()) {
    if (!element.is_string()) {
      RefuseField(Path(name),
                  fmt::format("{} is {}, must be text", ElementPath(Path(name), texts.size()), Shown(element)));
    }
    texts.emplace_back(element.get_string());
  }
  return texts;
}

std::string_view Fields::OneOf(std::initializer_list<std::string_view> names) {
  std::string_view found;
  for (std::string_view name : names) {
    if (!Any(name)) continue;
    if (!found.empty()) {
      Refuse(name, fmt::format("says the same as {}: give one of them", Path(found)));
    }
    found = name;
  }
  return found.empty() ? *names.begin() : found;
}

void Fields::Unused(std::initializer_list<std::string_view> names, std::vector<std::string>& unused) {
  for (std::string_view name : names) {
    if (Any(name)) unused.push_back(Path(name));
  }
}

void Fields::Finish(UnknownFields unknown, std::vector<std::string>& unused) {
  for (const auto& field : object_) {
    const std::string_view name = field.key();
    if (std::ranges::find(read_, name) != read_.end()) continue;
    if (unknown == UnknownFields::kWarn) {
      unused.push_back(Path(name));
    } else {
      RefuseField(Path(name), fmt::format("there is no field {}{}", Quoted(Path(name)), DidYouMean(name, read_)));
    }
  }
}

std::string Fields::Path(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

void Fields::Refuse(std::string_view name, std::string_view wrong) const {
  RefuseField(Path(name), fmt::format("{} {}", Path(name), wrong));
}

void Fields::WrongType(std::string_view name, const json::value& value, std::string_view wanted) const {
  Refuse(name, fmt::format("is {}, must be {}", Shown(value), wanted));
}

}  // namespace sheepop
