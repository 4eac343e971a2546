// Writes documents.jsonl.zst, report.json and options.json, and counts what it writes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_writer.h"
#include "base/sha256.h"
#include "base/zstd_stream.h"
#include "ingest/account.h"
#include "ingest/options.h"
#include "ingest/part_store.h"

namespace sheepop {

// The name of a document for people: the path, "!" and the path in the archive, "#" and the record.
std::string SourceName(const std::string& path, const std::string& member);

// In a corpus folder: an object of the options on which reading depends, as OptionsJson writes them.
inline constexpr std::string_view kOptionsFile = "options.json";

class CorpusWriter {
 public:
  // Into options.output.
  explicit CorpusWriter(const IngestOptions& options);

  // In the order of the corpus. `source` is SourceName's; the records of one input follow each other.
  void Add(const std::string& source, const PartRecord& record);

  IngestReport& report() { return report_; }

  // Ends both files and gives them their names.
  IngestReport Commit();

 private:
  // Records of one input, of which the report shows counts, the first that were not taken and the first notes.
  struct Group {
    std::string source, kind;
    uint64_t taken = 0, failed = 0, characters = 0;
    std::map<std::string, uint64_t> dropped;
    std::vector<Mishap> examples;
    uint64_t noted = 0;                                      // records with notes
    std::vector<std::pair<std::string, std::string>> notes;  // the first: record, note
  };

  void WriteDocument(const std::string& source, const PartRecord& record);
  void Count(const std::string& source, const PartRecord& record);
  void CountFidelity(const std::string& source, const Fidelity& fidelity);
  void AddToGroup(const std::string& source, const PartRecord& record);
  void CloseGroup();
  void WriteEntry(const std::string& json);
  void WriteTotals();

  FileWriter documents_file_, report_file_, options_file_;
  Sha256 documents_hash_;
  ZstdWriter documents_;
  std::optional<Group> group_;
  bool first_entry_ = true;
  IngestReport report_;
};

}  // namespace sheepop
