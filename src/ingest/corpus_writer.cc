#include "ingest/corpus_writer.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/options_json.h"

namespace sheepop {
namespace {

namespace json = boost::json;

constexpr int kLevel = 6;
constexpr size_t kExamples = 20;
constexpr size_t kLargest = 10;

json::value OrNull(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); }

template <typename Values>
json::array Strings(const Values& values) {
  json::array array;
  for (const auto& value : values) array.emplace_back(value);
  return array;
}

json::object Counts(const std::map<std::string, uint64_t>& counts) {
  json::object object;
  for (const auto& [name, count] : counts) object[name] = count;
  return object;
}

json::object Kinds(const std::map<std::string, KindCount>& kinds) {
  json::object object;
  for (const auto& [name, count] : kinds) {
    object[name] = json::object{{"documents", count.documents}, {"characters", count.characters}};
  }
  return object;
}

// Rounded, so that the last bits of a mean do not show.
double Rounded(double value) { return static_cast<double>(static_cast<int64_t>(value * 10 + 0.5)) / 10; }

json::object ToJson(const Fidelity& fidelity) {
  json::object object{{"words", fidelity.words}, {"missing", fidelity.missing}, {"added", fidelity.added}};
  if (!fidelity.missing_words.empty()) object["missing_words"] = Strings(fidelity.missing_words);
  if (!fidelity.added_words.empty()) object["added_words"] = Strings(fidelity.added_words);
  return object;
}

json::array ToJson(const std::vector<PageFidelity>& checked) {
  json::array pages;
  for (const PageFidelity& one : checked) {
    json::object page{{"page", one.page + 1}, {"ocr_confidence", Rounded(one.confidence)}, {"differs", one.Differs()}};
    for (auto& [name, value] : ToJson(one.words)) page[name] = value;
    pages.push_back(std::move(page));
  }
  return pages;
}

json::object KeptOptions(const IngestOptions& options) {
  json::object kept;
  for (const OptionRow& row : kIngestTable.rows()) {
    if (row.traits.fingerprint) kept[row.name] = OptionJson(kIngestTable, row, &options);
  }
  return kept;
}

// Many records of one file with one fault are one example: they would hide what else went wrong.
void AddExample(Mishap mishap, std::vector<Mishap>& first) {
  const auto file = [](const Mishap& of) { return of.source.substr(0, of.source.rfind('#')); };
  if (!first.empty() && first.back().step == mishap.step && file(mishap) != mishap.source &&
      file(first.back()) == file(mishap)) {
    ++first.back().more;
  } else if (first.size() < kExamples) {
    first.push_back(std::move(mishap));
  }
}

}  // namespace

std::string SourceName(const std::string& path, const std::string& member) {
  if (member.empty()) return path;
  return member.front() == '#' ? path + member : path + "!" + member;
}

CorpusWriter::CorpusWriter(const IngestOptions& options)
    : documents_file_(options.output / "documents.jsonl.zst"),
      report_file_(options.output / "report.json"),
      options_file_(options.output / kOptionsFile),
      documents_(
          [this](std::string_view bytes) {
            documents_file_.Write(bytes);
            documents_hash_.Update(bytes);
          },
          kLevel, true) {
  report_.documents_path = options.output / "documents.jsonl.zst";
  report_.report_path = options.output / "report.json";
  options_file_.Write(json::serialize(KeptOptions(options)) + "\n");
  report_file_.Write("{\"inputs\": [");
}

void CorpusWriter::Add(const std::string& source, const PartRecord& record) {
  Count(source, record);
  if (record.fate == DocumentFate::kTaken) WriteDocument(source, record);
  if (record.document.record) {
    AddToGroup(source, record);
    return;
  }
  CloseGroup();
  const Document& d = record.document;
  json::object entry{{"source", source}, {"fate", Name(record.fate)}, {"kind", Name(d.kind)}};
  if (record.fate == DocumentFate::kTaken) {
    entry["characters"] = CountCharacters(d.text);
  } else {
    entry["step"] = record.step;
    entry["reason"] = record.reason;
  }
  if (!record.changes.empty()) entry["changes"] = Counts(record.changes);
  if (!d.notes.empty()) entry["notes"] = Strings(d.notes);
  if (d.fidelity) entry["fidelity"] = ToJson(*d.fidelity);
  if (!d.checked.empty()) entry["fidelity_of_pages"] = ToJson(d.checked);
  if (!d.suspicions.empty()) entry["suspicions"] = Strings(d.suspicions);
  WriteEntry(json::serialize(entry));
}

void CorpusWriter::WriteDocument(const std::string& source, const PartRecord& record) {
  const Document& d = record.document;
  const json::object line{
      {"id", Sha256Hex(source).substr(0, 16)},
      {"source", source},
      {"sha256", d.sha256},
      {"kind", Name(d.kind)},
      {"programming_language", OrNull(d.programming_language)},
      {"language", OrNull(d.language)},
      {"license", OrNull(d.license)},
      {"characters", CountCharacters(d.text)},
      {"pages", d.pages > 0 ? json::value(d.pages) : json::value(nullptr)},
      {"ocr_confidence", d.ocr_confidence ? json::value(Rounded(*d.ocr_confidence)) : json::value(nullptr)},
      {"text", d.text}};
  documents_.Write(json::serialize(line));
  documents_.Write("\n");
}

void CorpusWriter::Count(const std::string& source, const PartRecord& record) {
  const Document& d = record.document;
  ++report_.inputs;
  const bool one_of_many = d.kind == DocumentKind::kJsonl || d.kind == DocumentKind::kCsv;
  if (one_of_many && record.fate != DocumentFate::kFailed) ++report_.with_field;
  for (const auto& [step, count] : record.changes) report_.changes_by_step[step] += count;
  if (record.fate == DocumentFate::kDropped) {
    ++report_.dropped;
    ++report_.dropped_by_step[record.step];
    AddExample({source, record.step, record.reason}, report_.losses);
    return;
  }
  if (record.fate == DocumentFate::kFailed) {
    ++report_.failed;
    if (record.step == kFieldStep) {
      if (report_.fieldless++ == 0) report_.first_fieldless = {source, record.step, record.reason};
    }
    AddExample({source, record.step, record.reason}, report_.mishaps);
    return;
  }
  if (d.fidelity) CountFidelity(source, *d.fidelity);
  for (const PageFidelity& page : d.checked) {
    ++report_.checked_pages;
    if (!page.Differs()) continue;
    if (report_.differing_pages++ < kExamples) report_.differing.push_back({source, page});
  }
  const uint64_t characters = CountCharacters(d.text);
  ++report_.taken;
  report_.characters += characters;
  report_.text_bytes += d.text.size();
  report_.estimated_tokens = report_.text_bytes / 4;
  const auto add = [&](std::map<std::string, KindCount>& counts, const std::string& name) {
    ++counts[name].documents;
    counts[name].characters += characters;
  };
  add(report_.by_kind, std::string(Name(d.kind)));
  if (!d.language.empty()) add(report_.by_language, d.language);
  if (!d.programming_language.empty()) add(report_.by_programming_language, d.programming_language);
  for (const std::string& doubt : d.suspicions) {
    ++report_.suspicious_counts[doubt];
    if (report_.suspicious[doubt].size() < kExamples) report_.suspicious[doubt].push_back(source);
  }
  auto& largest = report_.largest;
  const auto place =
      std::find_if(largest.begin(), largest.end(), [&](const SourceSize& s) { return s.characters < characters; });
  if (place != largest.end() || largest.size() < kLargest) largest.insert(place, {source, characters});
  if (largest.size() > kLargest) largest.pop_back();
}

void CorpusWriter::CountFidelity(const std::string& source, const Fidelity& fidelity) {
  ++report_.converted;
  report_.converted_words += fidelity.words;
  report_.missing_words += fidelity.missing;
  report_.added_words += fidelity.added;
  if (!fidelity.IsLow()) return;
  ++report_.lossy;
  if (report_.lossiest.size() < kExamples) report_.lossiest.push_back({source, fidelity});
}

void CorpusWriter::AddToGroup(const std::string& source, const PartRecord& record) {
  const size_t mark = source.rfind('#');
  const std::string input = source.substr(0, mark);
  if (group_ && group_->source != input) CloseGroup();
  if (!group_) {
    group_.emplace();
    group_->source = input;
    group_->kind = Name(record.document.kind);
  }
  group_->noted += !record.document.notes.empty();
  for (const std::string& note : record.document.notes) {
    if (group_->notes.size() < kExamples) group_->notes.emplace_back(source.substr(mark), note);
  }
  if (record.fate == DocumentFate::kTaken) {
    ++group_->taken;
    group_->characters += CountCharacters(record.document.text);
    return;
  }
  if (record.fate == DocumentFate::kFailed) {
    ++group_->failed;
  } else {
    ++group_->dropped[record.step];
  }
  if (group_->examples.size() < kExamples)
    group_->examples.push_back({source.substr(mark), record.step, record.reason});
}

void CorpusWriter::CloseGroup() {
  if (!group_) return;
  const Group group = std::move(*group_);
  group_.reset();
  uint64_t dropped = 0;
  for (const auto& [step, count] : group.dropped) dropped += count;
  const DocumentFate fate = group.taken > 0 ? DocumentFate::kTaken
                            : dropped > 0   ? DocumentFate::kDropped
                                            : DocumentFate::kFailed;
  json::object entry{{"source", group.source},
                     {"fate", Name(fate)},
                     {"kind", group.kind},
                     {"records", group.taken + group.failed + dropped},
                     {"taken", group.taken},
                     {"failed", group.failed},
                     {"dropped", Counts(group.dropped)},
                     {"characters", group.characters}};
  json::array examples;
  for (const Mishap& m : group.examples)
    examples.push_back(json::object{{"record", m.source}, {"step", m.step}, {"reason", m.reason}});
  if (group.taken == 0 && !group.examples.empty()) {
    entry["step"] = group.examples.front().step;
    entry["reason"] = group.examples.front().reason;
  }
  if (!examples.empty()) entry["examples"] = std::move(examples);
  json::array notes;
  for (const auto& [record, note] : group.notes) notes.push_back(json::object{{"record", record}, {"note", note}});
  if (!notes.empty()) {
    entry["noted"] = group.noted;
    entry["notes"] = std::move(notes);
  }
  WriteEntry(json::serialize(entry));
}

void CorpusWriter::WriteEntry(const std::string& json) {
  report_file_.Write(first_entry_ ? "\n" : ",\n");
  first_entry_ = false;
  report_file_.Write(json);
}

void CorpusWriter::WriteTotals() {
  std::ranges::stable_sort(report_.shared_passages, std::greater{}, &SharedPassage::characters);
  json::array passages;
  for (const SharedPassage& p : report_.shared_passages) {
    passages.push_back(
        json::object{{"first", p.first}, {"second", p.second}, {"characters", p.characters}, {"begins", p.begins}});
  }
  json::array largest;
  for (const SourceSize& s : report_.largest)
    largest.push_back(json::object{{"source", s.source}, {"characters", s.characters}});
  json::object suspicious;
  for (const auto& [doubt, sources] : report_.suspicious) {
    suspicious[doubt] = json::object{{"documents", report_.suspicious_counts[doubt]}, {"sources", Strings(sources)}};
  }
  const json::object totals{
      {"inputs", report_.inputs},
      {"taken", report_.taken},
      {"dropped", report_.dropped},
      {"failed", report_.failed},
      {"characters", report_.characters},
      {"text_bytes", report_.text_bytes},
      {"estimated_tokens", report_.estimated_tokens},
      {"by_kind", Kinds(report_.by_kind)},
      {"by_language", Kinds(report_.by_language)},
      {"by_programming_language", Kinds(report_.by_programming_language)},
      {"dropped_by_step", Counts(report_.dropped_by_step)},
      {"changes_by_step", Counts(report_.changes_by_step)},
      {"suspicious", std::move(suspicious)},
      {"duplicates", json::object{{"exact_documents", report_.exact_duplicates},
                                  {"near_documents", report_.near_duplicates},
                                  {"paragraphs", report_.duplicate_paragraphs},
                                  {"paragraph_characters", report_.duplicate_paragraph_characters},
                                  {"shared_passages", std::move(passages)}}},
      {"fidelity", json::object{{"documents", report_.converted},
                                {"words", report_.converted_words},
                                {"missing", report_.missing_words},
                                {"added", report_.added_words},
                                {"lossy_documents", report_.lossy},
                                {"pages_compared", report_.checked_pages},
                                {"pages_differing", report_.differing_pages}}},
      {"largest", std::move(largest)},
      {"documents_sha256", report_.documents_sha256}};
  report_file_.Write("\n],\n\"totals\": " + json::serialize(totals) + "}\n");
}

IngestReport CorpusWriter::Commit() {
  CloseGroup();
  documents_.Finish();
  report_.documents_sha256 = documents_hash_.Hex();
  WriteTotals();
  options_file_.Commit();
  documents_file_.Commit();
  report_file_.Commit();
  return report_;
}

}  // namespace sheepop
