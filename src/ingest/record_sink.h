// What readers find, cleaned and fingerprinted, into a part.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ingest/part_store.h"
#include "ingest/prepare.h"
#include "ingest/readers/reader.h"

namespace sheepop {

class RecordSink : public DocumentSink {
 public:
  // `writer` is null in a fork: records are then held.
  RecordSink(const IngestOptions& options, const CleanSteps& steps, PartWriter* writer)
      : options_(options), steps_(steps), writer_(writer) {}

  void Take(Document document) override;
  void Drop(Document document, std::string_view step, std::string reason) override;
  void Fail(Document document, std::string_view step, std::string reason, bool transient) override;
  std::unique_ptr<DocumentSink> Fork() override;
  void Join(DocumentSink& fork) override;

  bool transient() const { return transient_; }  // something failed that may succeed another time
  uint64_t records() const { return records_; }

 private:
  void Put(PreparedRecord prepared);   // counted, with its names in display form
  void Keep(PreparedRecord prepared);  // in the part, or here

  const IngestOptions& options_;
  const CleanSteps& steps_;
  PartWriter* writer_;
  bool transient_ = false;
  uint64_t records_ = 0;
  std::vector<PreparedRecord> held_;
};

}  // namespace sheepop
