#include "ingest/report_inputs.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fstream>
#include <optional>

#include "ingest/part_store.h"

namespace sheepop {
namespace {

namespace json = boost::json;

std::string Text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : "";
}

std::optional<ReportedInput> InputOf(std::string_view line) {
  if (line.ends_with(',')) line.remove_suffix(1);
  if (!line.starts_with('{')) return std::nullopt;
  boost::system::error_code fault;
  const json::value value = json::parse(line, fault, {}, {.max_depth = 64});
  const json::object* object = fault ? nullptr : value.if_object();
  if (!object) return std::nullopt;
  ReportedInput input{Text(*object, "source"), Text(*object, "fate"), Text(*object, "reason")};
  if (input.source.empty() || input.fate.empty()) return std::nullopt;
  const json::value* records = object->if_contains("taken");
  const bool counted = records && records->is_int64();
  input.documents = counted ? static_cast<uint64_t>(std::max<int64_t>(0, records->get_int64())) : input.fate == "taken";
  return input;
}

std::string Absolute(const std::string& path) {
  std::error_code none;
  std::string absolute = std::filesystem::absolute(path, none).lexically_normal().string();
  while (absolute.size() > 1 && absolute.ends_with('/')) absolute.pop_back();
  return absolute;
}

std::string Followed(const std::string& path) {
  std::error_code none;
  const std::string followed = std::filesystem::weakly_canonical(path, none).string();
  return none ? Absolute(path) : followed;
}

// True for the input itself, what lies below it, members of the archive and records of the file that it is.
bool LiesIn(std::string_view source, std::string_view input) {
  if (!source.starts_with(input)) return false;
  source.remove_prefix(input.size());
  return source.empty() || input.ends_with('/') || source.front() == '/' || source.front() == '!' ||
         source.front() == '#';
}

// The file of a member or a record.
std::string FileOf(const std::string& source) { return source.substr(0, source.find('!')); }

}  // namespace

void ForEachInput(const std::filesystem::path& corpus, const std::function<bool(const ReportedInput&)>& take) {
  std::ifstream report(corpus / "report.json");
  for (std::string line; std::getline(report, line);) {
    const std::optional<ReportedInput> input = InputOf(line);
    if (input && !take(*input)) return;
  }
}

OtherInputs InputsNotNamed(const std::filesystem::path& corpus, const std::vector<std::filesystem::path>& inputs) {
  std::vector<std::string> given, followed;
  for (const std::filesystem::path& input : inputs) {
    given.push_back(Absolute(DisplayName(input.string())));
    followed.push_back(Followed(input.string()));
  }
  const auto lies_in_one = [](const std::string& source, const std::vector<std::string>& folders) {
    return std::any_of(folders.begin(), folders.end(),
                       [&](const std::string& folder) { return LiesIn(source, folder); });
  };
  OtherInputs others;
  ForEachInput(corpus, [&](const ReportedInput& input) {
    if (input.documents == 0 || lies_in_one(Absolute(input.source), given) ||
        lies_in_one(Followed(input.source), followed)) {
      return true;
    }
    const std::string file = FileOf(input.source);
    if (others.documents == 0) {
      others.where = file;
    } else if (!LiesIn(file, others.where)) {
      const auto apart = std::mismatch(file.begin(), file.end(), others.where.begin(), others.where.end()).first;
      const size_t slash = file.rfind('/', static_cast<size_t>(apart - file.begin()));
      // Without a folder of both the first stands for all.
      if (slash != std::string::npos && slash > 0) others.where = file.substr(0, slash);
    }
    others.documents += input.documents;
    return true;
  });
  return others;
}

std::string WhyNoDocument(const std::filesystem::path& corpus, std::string_view name) {
  std::string why;
  size_t found = 0;
  ForEachInput(corpus, [&](const ReportedInput& input) {
    const std::string_view source = input.source;
    if (input.documents > 0) return true;
    const bool whole = source == name;
    const bool end = !whole && !name.empty() && source.size() > name.size() && source.ends_with(name) &&
                     (source[source.size() - name.size() - 1] == '/' || source[source.size() - name.size() - 1] == '!');
    if (!whole && !end) return true;
    if (whole) found = 0;
    if (found++ == 0) {
      why = fmt::format("{} was {}: {}", source, input.fate == "failed" ? "not read" : input.fate, input.reason);
    }
    return !whole;
  });
  return found == 1 ? why : "";
}

}  // namespace sheepop
