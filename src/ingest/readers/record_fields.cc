#include "ingest/readers/record_fields.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "base/utf8.h"

namespace sheepop {
namespace {

std::vector<std::string_view> Parted(std::string_view text) {
  std::vector<std::string_view> parts;
  for (size_t comma = 0; comma != std::string_view::npos; text.remove_prefix(std::min(text.size(), comma + 1))) {
    comma = text.find(',');
    parts.push_back(text.substr(0, comma));
  }
  return parts;
}

std::optional<size_t> Place(const std::vector<std::string>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<size_t>(found - names.begin());
}

}  // namespace

std::vector<size_t> RecordFields::In(const std::vector<std::string>& names, bool every) const {
  std::vector<size_t> places;
  if (wanted_.empty()) {
    for (const std::string_view name : {"text", "content"}) {
      if (const auto place = Place(names, name); place && places.empty()) places.push_back(*place);
    }
    return places;
  }
  if (const auto place = Place(names, wanted_)) return {*place};
  if (wanted_ == "*") {
    for (size_t i = 0; i < names.size(); ++i) places.push_back(i);
    return places;
  }
  for (const std::string_view name : Parted(wanted_)) {
    const auto place = Place(names, name);
    if (place) places.push_back(*place);
    if (!place && every) return {};
  }
  return places;
}

bool RecordFields::AreLines(const std::vector<std::string>& names) const {
  return MayBeLines() && !Place(names, wanted_);
}

std::string RecordFields::Missing(const std::vector<std::string>& names) const {
  std::string_view missing = wanted_.empty() ? std::string_view("text") : wanted_;
  for (const std::string_view name : Parted(wanted_)) {
    if (wanted_.empty() || Place(names, name)) continue;
    missing = name;
    break;
  }
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name.substr(0, 60);
  if (all.empty()) all = "none";
  return fmt::format(
      "has no field `{}`; --field names one of those it has: {}; or several of them, parted by commas; or, "
      "with --field '*', all",
      missing, ToValidUtf8(all.substr(0, 400)));
}

void AddField(std::string_view name, std::string_view value, std::string& text) {
  if (value.find_first_not_of(" \t\r\n") == std::string_view::npos) return;
  if (!text.empty()) text += '\n';
  text += fmt::format("{}: {}", name, value);
}

}  // namespace sheepop
