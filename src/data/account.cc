#include "data/account.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "data/suspicion.h"

namespace sheepop {
namespace {

std::string Grouped(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, " ");
  return digits;
}

void AddRow(std::string& out, std::string_view name, uint64_t value, std::string_view remark = "") {
  out += fmt::format("  {:<24}{:>16}{}{}\n", name, Grouped(value), remark.empty() ? "" : "  ", remark);
}

void AddKinds(std::string& out, std::string_view title, const std::map<std::string, KindCount>& kinds) {
  if (kinds.empty()) return;
  std::vector<std::pair<std::string, KindCount>> sorted(kinds.begin(), kinds.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second.characters > b.second.characters; });
  out += fmt::format("{}\n", title);
  for (size_t i = 0; i < std::min<size_t>(sorted.size(), 12); ++i) {
    AddRow(out, sorted[i].first, sorted[i].second.characters, fmt::format("in {}", Grouped(sorted[i].second.documents)));
  }
}

// The longest, one for each pair of documents.
void AddPassages(std::string& out, const std::vector<SharedPassage>& passages) {
  constexpr size_t kShown = 8;
  std::set<std::pair<std::string_view, std::string_view>> shown;
  AddRow(out, "passages", passages.size(), "that stand in several documents, kept");
  for (const SharedPassage& passage : passages) {
    if (shown.size() == kShown) break;
    if (!shown.emplace(passage.first, passage.second).second) continue;
    out += fmt::format("    {} and {} share {} characters: \"{}...\"\n", passage.first, passage.second,
                       Grouped(passage.characters), passage.begins);
  }
}

}  // namespace

std::string AccountTable(const IngestReport& report) {
  std::string out;
  out += "Corpus\n";
  AddRow(out, "documents", report.taken);
  AddRow(out, "characters", report.characters);
  AddRow(out, "tokens, estimated", report.estimated_tokens, "a token for 4 bytes");
  AddRow(out, "dropped", report.dropped);
  AddRow(out, "failed", report.failed);
  AddRow(out, "files", report.files, fmt::format("{} unchanged since the last run", Grouped(report.files_from_cache)));
  AddKinds(out, "Characters by kind", report.by_kind);
  AddKinds(out, "Characters by language", report.by_language);
  AddKinds(out, "Characters by programming language", report.by_programming_language);
  out += "Duplicates\n";
  AddRow(out, "documents, exact", report.exact_duplicates);
  AddRow(out, "documents, near", report.near_duplicates);
  AddRow(out, "paragraphs", report.duplicate_paragraphs, fmt::format("{} characters", Grouped(report.duplicate_paragraph_characters)));
  AddPassages(out, report.shared_passages);
  if (!report.suspicious_counts.empty()) out += "Suspicious documents, kept\n";
  for (const auto& [name, count] : report.suspicious_counts) AddRow(out, name, count, SuspicionMeaning(name));
  if (!report.largest.empty()) out += "Largest sources, in characters\n";
  for (const SourceSize& source : report.largest) out += fmt::format("  {:>14}  {}\n", Grouped(source.characters), source.source);
  if (!report.mishaps.empty()) out += "Failed\n";
  for (const Mishap& mishap : report.mishaps) out += fmt::format("  {}: {}\n", mishap.source, mishap.reason);
  if (report.failed > report.mishaps.size()) out += fmt::format("  and {} more in {}\n", report.failed - report.mishaps.size(), report.report_path.string());
  return out;
}

}  // namespace sheepop
