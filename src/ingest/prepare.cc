#include "ingest/prepare.h"

#include "ingest/language.h"
#include "ingest/license.h"
#include "ingest/suspicion.h"

namespace sheepop {
namespace {

struct Settings {
  const IngestOptions& options;
  const CleanSteps& clean;
  const StepObserver& observer;
};

void RunCleanSteps(const Settings& settings, PreparedRecord& prepared) {
  PartRecord& record = prepared.record;
  for (const auto& step : settings.clean) {
    const std::string name(step->name());
    const CleanResult result = step->Apply(record.document);
    if (settings.observer) settings.observer(name, record.document);
    if (result.drop_reason.empty()) {
      if (result.changes > 0) record.changes[name] = result.changes;
      continue;
    }
    record.fate = DocumentFate::kDropped;
    record.step = name;
    record.reason = result.drop_reason;
    return;
  }
}

// Where the paragraphs step is off, or dropped the document before it came to it, the marks of a layout become line ends.
void FlattenMarks(const Settings&, PreparedRecord& prepared) {
  Document& document = prepared.record.document;
  if (!document.laid_out) return;
  std::string out;
  for (const char c : document.text) {
    const bool far = c == kColumnBreak || c == kPageBreak;
    if (far) out.push_back('\n');
    out.push_back(far || c == kHardBreak ? '\n' : c);
  }
  document.text = std::move(out);
  document.laid_out = false;
}

void FindDoubts(const Settings&, PreparedRecord& prepared) { AddSuspicions(prepared.record.document); }

void NameLanguage(const Settings&, PreparedRecord& prepared) {
  Document& document = prepared.record.document;
  if (!IsCode(document)) document.language = GuessLanguage(document.text).language;
}

void NameLicense(const Settings&, PreparedRecord& prepared) {
  prepared.record.document.license = FindLicense(prepared.record.document.text);
}

void TakePrint(const Settings& settings, PreparedRecord& prepared) {
  Document& document = prepared.record.document;
  if (prepared.record.fate == DocumentFate::kTaken) {
    prepared.print = FingerprintOf(document, settings.options.duplicate_paragraph_characters);
  } else {
    document.text.clear();
  }
}

using Step = void (*)(const Settings&, PreparedRecord&);

constexpr Step kSteps[] = {RunCleanSteps, FlattenMarks, FindDoubts, NameLanguage, NameLicense, TakePrint};

}  // namespace

PreparedRecord Prepare(Document document, const IngestOptions& options, const CleanSteps& clean,
                       const StepObserver& observer) {
  PreparedRecord prepared;
  prepared.record.document = std::move(document);
  for (const Step step : kSteps) step({options, clean, observer}, prepared);
  return prepared;
}

}  // namespace sheepop
