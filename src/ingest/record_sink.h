// What readers find, cleaned and fingerprinted, into a part.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ingest/clean/clean_step.h"
#include "ingest/part_store.h"
#include "ingest/readers/reader.h"

namespace sheepop {

using CleanSteps = std::vector<std::unique_ptr<CleanStep>>;

class RecordSink : public DocumentSink {
 public:
  // `writer` is null in a fork: records are then held.
  RecordSink(const IngestOptions& options, const CleanSteps& steps, PartWriter* writer)
      : options_(options), steps_(steps), writer_(writer) {}

  void Take(Document document) override;
  void Drop(Document document, std::string_view step, std::string reason) override;
  void Fail(Document document, std::string reason, bool transient) override;
  std::unique_ptr<DocumentSink> Fork() override;
  void Join(DocumentSink& fork) override;

  bool transient() const { return transient_; }  // something failed that may succeed another time
  uint64_t records() const { return records_; }

 private:
  void Put(PartRecord record, std::optional<Fingerprint> print);

  const IngestOptions& options_;
  const CleanSteps& steps_;
  PartWriter* writer_;
  bool transient_ = false;
  uint64_t records_ = 0;
  std::vector<std::pair<PartRecord, std::optional<Fingerprint>>> held_;
};

}  // namespace sheepop
