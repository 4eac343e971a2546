#include <utility>

#include "base/error.h"
#include "ingest/readers/reader.h"

namespace sheepop {
namespace {

using ReadFunction = void (*)(const Source&, const ReadContext&, DocumentSink&);

constexpr std::pair<DocumentKind, ReadFunction> kReaders[] = {
    {DocumentKind::kText, ReadText},       {DocumentKind::kMarkdown, ReadText},
    {DocumentKind::kCode, ReadText},       {DocumentKind::kHtml, ReadHtml},
    {DocumentKind::kPdf, ReadPdf},         {DocumentKind::kImage, ReadImage},
    {DocumentKind::kDocx, ReadOffice},     {DocumentKind::kOdt, ReadOffice},
    {DocumentKind::kEpub, ReadOffice},     {DocumentKind::kRtf, ReadOffice},
    {DocumentKind::kLatex, ReadOffice},    {DocumentKind::kNotebook, ReadNotebook},
    {DocumentKind::kCsv, ReadCsv},         {DocumentKind::kJsonl, ReadJsonl},
    {DocumentKind::kArchive, ReadArchive}, {DocumentKind::kCompressed, ReadArchive},
};

// A full disk or a lack of memory, of processes or of programs is no property of the document.
bool IsTransient(ErrorCategory category) {
  return category == ErrorCategory::kIo || category == ErrorCategory::kNotFound ||
         category == ErrorCategory::kInterrupted;
}

}  // namespace

Document NewDocument(const Source& source) {
  Document document;
  document.member = source.member;
  document.sha256 = source.sha256;
  document.kind = source.sniffed.kind;
  document.programming_language = source.sniffed.programming_language;
  return document;
}

void ReadInput(Source source, const ReadContext& context, DocumentSink& sink) {
  try {
    if (source.blob.size() == 0) {
      source.sniffed.kind = DocumentKind::kText;
      sink.Drop(NewDocument(source), "no_text", "empty");
      return;
    }
    source.sniffed = Sniff(source.blob, source.name);
    for (const auto& [kind, read] : kReaders) {
      if (kind == source.sniffed.kind) {
        read(source, context, sink);
        return;
      }
    }
    sink.Drop(NewDocument(source), "format", source.sniffed.what);
  } catch (const Error& error) {
    sink.Fail(NewDocument(source), kReadStep, error.what(), IsTransient(error.category()));
  } catch (const std::bad_alloc&) {
    sink.Fail(NewDocument(source), kReadStep, "no memory left to read it", true);
  } catch (const std::exception& error) {
    sink.Fail(NewDocument(source), kReadStep, error.what(), false);
  }
}

}  // namespace sheepop
