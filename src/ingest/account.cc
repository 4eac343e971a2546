#include "ingest/account.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "ingest/suspicion.h"

namespace sheepop {
namespace {

std::string Grouped(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ' ');
  return digits;
}

void AddRow(std::string& out, std::string_view name, uint64_t value, std::string_view remark = "") {
  out += fmt::format("  {:<20}{:>14}{}{}\n", name, Grouped(value), remark.empty() ? "" : "  ", remark);
}

void AddKinds(std::string& out, std::string_view title, const std::map<std::string, KindCount>& kinds) {
  if (kinds.empty()) return;
  std::vector<std::pair<std::string, KindCount>> sorted(kinds.begin(), kinds.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second.characters > b.second.characters; });
  out += fmt::format("{}\n", title);
  for (size_t i = 0; i < std::min<size_t>(sorted.size(), 12); ++i) {
    AddRow(out, sorted[i].first, sorted[i].second.characters,
           fmt::format("in {}", Grouped(sorted[i].second.documents)));
  }
}

// The folder that all sources named in the table lie in, with its slash; "" when there is none.
std::string CommonFolder(const IngestReport& report) {
  std::vector<std::string_view> sources;
  for (const SharedPassage& passage : report.shared_passages)
    sources.insert(sources.end(), {passage.first, passage.second});
  for (const SourceSize& source : report.largest) sources.push_back(source.source);
  for (const LossyDocument& lossy : report.lossiest) sources.push_back(lossy.source);
  for (const DifferingPage& differing : report.differing) sources.push_back(differing.source);
  for (const Mishap& mishap : report.mishaps) sources.push_back(mishap.source);
  for (const Mishap& loss : report.losses) sources.push_back(loss.source);
  if (sources.size() < 2) return "";
  std::string_view common = sources.front();
  for (const std::string_view source : sources) {
    common = common.substr(0, static_cast<size_t>(std::ranges::mismatch(common, source).in1 - common.begin()));
  }
  const size_t slash = common.rfind('/');
  return slash == std::string_view::npos ? "" : std::string(common.substr(0, slash + 1));
}

// The longest, one for each pair of documents.
void AddPassages(std::string& out, const std::vector<SharedPassage>& passages, size_t folder) {
  constexpr size_t kShown = 8;
  std::set<std::pair<std::string_view, std::string_view>> shown;
  AddRow(out, "passages", passages.size(), "that two documents share; they are kept");
  for (const SharedPassage& passage : passages) {
    if (shown.size() == kShown) break;
    if (!shown.emplace(passage.first, passage.second).second) continue;
    out += fmt::format("  {:>14}  {} and {}:\n{:18}\"{}...\"\n", Grouped(passage.characters),
                       passage.first.substr(folder), passage.second.substr(folder), "", passage.begins);
  }
}

// The words of converted documents against those of their sources.
void AddFidelity(std::string& out, const IngestReport& report, size_t folder) {
  if (report.converted == 0) return;
  out += "Words of converted documents\n";
  AddRow(out, "in their sources", report.converted_words, fmt::format("in {} documents", Grouped(report.converted)));
  AddRow(out, "missing", report.missing_words);
  AddRow(out, "added", report.added_words);
  for (const LossyDocument& lossy : report.lossiest) {
    out += fmt::format("  {:>14}  of {} missing in {}: {}\n", Grouped(lossy.fidelity.missing),
                       Grouped(lossy.fidelity.words), lossy.source.substr(folder),
                       fmt::join(lossy.fidelity.missing_words, " "));
  }
}

// The first of `all`, each with its reason, and where the others stand.
void AddMishaps(std::string& out, std::string_view title, const std::vector<Mishap>& first, uint64_t all,
                const IngestReport& report, size_t folder) {
  if (first.empty()) return;
  out += fmt::format("{}\n", title);
  uint64_t told = 0;
  for (const Mishap& mishap : first) {
    const std::string more = mishap.more > 0 ? fmt::format(" (and {} more of it)", mishap.more) : "";
    out += fmt::format("  {}: {}{}\n", mishap.source.substr(folder), mishap.reason, more);
    told += 1 + mishap.more;
  }
  if (all > told) out += fmt::format("  and {} more in {}\n", all - told, report.report_path.string());
}

// Text layers of PDFs against the pictures of their pages.
void AddCheckedPages(std::string& out, const IngestReport& report, size_t folder) {
  if (report.checked_pages == 0) return;
  out += "Pages of PDFs whose text layer was compared with their picture\n";
  AddRow(out, "compared", report.checked_pages);
  AddRow(out, "with other words", report.differing_pages);
  for (const DifferingPage& differing : report.differing) {
    const Fidelity& words = differing.page.words;
    out += fmt::format("  {:>14}  page of {}: {} of {} words missing, {} only in the layer\n", differing.page.page + 1,
                       differing.source.substr(folder), Grouped(words.missing), Grouped(words.words),
                       Grouped(words.added));
  }
}

}  // namespace

std::string AccountTable(const IngestReport& report) {
  const std::string folder = CommonFolder(report);
  const auto shown = [&](const std::string& source) { return source.substr(folder.size()); };
  std::string out;
  out += "Corpus\n";
  AddRow(out, "inputs", report.inputs, "files, members of archives, records");
  AddRow(out, "= documents", report.taken);
  AddRow(out, "+ dropped", report.dropped, report.dropped > 0 ? "named below" : "");
  AddRow(out, "+ failed", report.failed, report.failed > 0 ? "named below" : "");
  AddRow(out, "characters", report.characters);
  AddRow(out, "tokens, estimated", report.estimated_tokens, "a token for 4 bytes");
  AddRow(out, "files", report.files, fmt::format("{} unchanged since the last run", Grouped(report.files_from_cache)));
  if (!folder.empty()) out += fmt::format("Sources are named below {}\n", folder);
  AddKinds(out, "Characters by kind", report.by_kind);
  AddKinds(out, "Characters by language", report.by_language);
  AddKinds(out, "Characters by programming language", report.by_programming_language);
  out += "Duplicates\n";
  AddRow(out, "documents, exact", report.exact_duplicates);
  AddRow(out, "documents, near", report.near_duplicates);
  AddRow(out, "paragraphs", report.duplicate_paragraphs,
         fmt::format("{} characters", Grouped(report.duplicate_paragraph_characters)));
  AddPassages(out, report.shared_passages, folder.size());
  if (!report.suspicious_counts.empty()) out += "Suspicious documents, kept\n";
  for (const auto& [name, count] : report.suspicious_counts) AddRow(out, name, count, SuspicionMeaning(name));
  AddFidelity(out, report, folder.size());
  AddCheckedPages(out, report, folder.size());
  if (!report.largest.empty()) out += "Largest sources, in characters\n";
  for (const SourceSize& source : report.largest)
    out += fmt::format("  {:>14}  {}\n", Grouped(source.characters), shown(source.source));
  AddMishaps(out, "Dropped", report.losses, report.dropped, report, folder.size());
  AddMishaps(out, "Failed", report.mishaps, report.failed, report, folder.size());
  return out;
}

}  // namespace sheepop
