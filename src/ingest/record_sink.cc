#include "ingest/record_sink.h"

#include "ingest/language.h"
#include "ingest/license.h"
#include "ingest/suspicion.h"

namespace sheepop {
namespace {

// Where the paragraphs step is off, or dropped the document before it came to it, the marks of a layout become line ends.
void FlattenMarks(Document& document) {
  std::string out;
  for (const char c : document.text) {
    const bool far = c == kColumnBreak || c == kPageBreak;
    if (far) out.push_back('\n');
    out.push_back(far || c == kHardBreak ? '\n' : c);
  }
  document.text = std::move(out);
  document.laid_out = false;
}

}  // namespace

void RecordSink::Take(Document document) {
  PartRecord record;
  for (const auto& step : steps_) {
    const CleanResult result = step->Apply(document);
    if (result.changes > 0) record.changes[std::string(step->name())] = result.changes;
    if (!result.drop_reason.empty()) {
      record.changes.erase(std::string(step->name()));
      record.fate = DocumentFate::kDropped;
      record.step = step->name();
      record.reason = result.drop_reason;
      break;
    }
  }
  if (document.laid_out) FlattenMarks(document);
  AddSuspicions(document);
  if (!IsCode(document)) document.language = GuessLanguage(document.text).language;
  document.license = FindLicense(document.text);
  std::optional<Fingerprint> print;
  if (record.fate == DocumentFate::kTaken) {
    print = FingerprintOf(document, options_.duplicate_paragraph_characters);
  } else {
    document.text.clear();
  }
  record.document = std::move(document);
  Put(std::move(record), std::move(print));
}

void RecordSink::Drop(Document document, std::string_view step, std::string reason) {
  PartRecord record;
  record.fate = DocumentFate::kDropped;
  record.step = step;
  record.reason = std::move(reason);
  record.document = std::move(document);
  record.document.text.clear();
  Put(std::move(record), std::nullopt);
}

void RecordSink::Fail(Document document, std::string reason, bool transient) {
  PartRecord record;
  record.fate = DocumentFate::kFailed;
  record.step = "read";
  record.reason = std::move(reason);
  record.document = std::move(document);
  record.document.text.clear();
  transient_ = transient_ || transient;
  Put(std::move(record), std::nullopt);
}

void RecordSink::Put(PartRecord record, std::optional<Fingerprint> print) {
  ++records_;
  record.document.member = DisplayName(record.document.member);
  record.reason = DisplayName(record.reason);
  if (writer_) {
    writer_->Add(record, print ? &*print : nullptr);
  } else {
    held_.emplace_back(std::move(record), std::move(print));
  }
}

std::unique_ptr<DocumentSink> RecordSink::Fork() { return std::make_unique<RecordSink>(options_, steps_, nullptr); }

void RecordSink::Join(DocumentSink& fork) {
  auto& other = static_cast<RecordSink&>(fork);
  transient_ = transient_ || other.transient_;
  records_ += other.records_;
  for (auto& [record, print] : other.held_) {
    if (writer_) {
      writer_->Add(record, print ? &*print : nullptr);
    } else {
      held_.emplace_back(std::move(record), std::move(print));
    }
  }
  other.held_.clear();
}

}  // namespace sheepop
