#include "ingest/record_sink.h"

namespace sheepop {

void RecordSink::Take(Document document) { Put(Prepare(std::move(document), options_, steps_)); }

void RecordSink::Drop(Document document, std::string_view step, std::string reason) {
  PartRecord record;
  record.fate = DocumentFate::kDropped;
  record.step = step;
  record.reason = std::move(reason);
  record.document = std::move(document);
  record.document.text.clear();
  Put({std::move(record), std::nullopt});
}

void RecordSink::Fail(Document document, std::string_view step, std::string reason, bool transient) {
  PartRecord record;
  record.fate = DocumentFate::kFailed;
  record.step = step;
  record.reason = std::move(reason);
  record.document = std::move(document);
  record.document.text.clear();
  transient_ = transient_ || transient;
  Put({std::move(record), std::nullopt});
}

void RecordSink::Put(PreparedRecord prepared) {
  ++records_;
  PartRecord& record = prepared.record;
  record.document.member = DisplayName(record.document.member);
  record.reason = DisplayName(record.reason);
  Keep(std::move(prepared));
}

void RecordSink::Keep(PreparedRecord prepared) {
  if (writer_) {
    writer_->Add(prepared.record, prepared.print ? &*prepared.print : nullptr);
  } else {
    held_.push_back(std::move(prepared));
  }
}

std::unique_ptr<DocumentSink> RecordSink::Fork() { return std::make_unique<RecordSink>(options_, steps_, nullptr); }

void RecordSink::Join(DocumentSink& fork) {
  auto& other = static_cast<RecordSink&>(fork);
  transient_ = transient_ || other.transient_;
  records_ += other.records_;
  for (PreparedRecord& held : other.held_) Keep(std::move(held));
  other.held_.clear();
}

}  // namespace sheepop
