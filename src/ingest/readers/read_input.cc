#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "ingest/readers/reader.h"

namespace sheepop {
namespace {

using ReadFunction = void (*)(const Source&, const ReadContext&, DocumentSink&);

struct Reader {
  DocumentKind kind;
  ReadFunction read;
  std::string_view name;
};

constexpr Reader kReaders[] = {
    {DocumentKind::kText, ReadText, "as text"},
    {DocumentKind::kMarkdown, ReadText, "as text"},
    {DocumentKind::kCode, ReadText, "as text, unchanged"},
    {DocumentKind::kHtml, ReadHtml, "the main text of the page"},
    {DocumentKind::kPdf, ReadPdf, "poppler; pages without text by Tesseract"},
    {DocumentKind::kImage, ReadImage, "Tesseract"},
    {DocumentKind::kDocx, ReadOffice, "pandoc"},
    {DocumentKind::kOdt, ReadOffice, "pandoc"},
    {DocumentKind::kEpub, ReadOffice, "pandoc"},
    {DocumentKind::kRtf, ReadOffice, "pandoc"},
    {DocumentKind::kLatex, ReadOffice, "pandoc"},
    {DocumentKind::kNotebook, ReadNotebook, "prose and code of the cells"},
    {DocumentKind::kCsv, ReadCsv, "a document a row"},
    {DocumentKind::kJsonl, ReadJsonl, "a document a line"},
    {DocumentKind::kArchive, ReadArchive, "each member by its own reader"},
    {DocumentKind::kCompressed, ReadArchive, "what it holds by its own reader"},
};

const Reader* FindReader(DocumentKind kind) {
  const auto found = std::ranges::find(kReaders, kind, &Reader::kind);
  return found == std::end(kReaders) ? nullptr : found;
}

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

std::string_view ReaderOf(DocumentKind kind) {
  const Reader* reader = FindReader(kind);
  return reader ? reader->name : std::string_view();
}

void ReadInput(Source source, const ReadContext& context, DocumentSink& sink) {
  try {
    if (source.blob.size() == 0) {
      source.sniffed.kind = DocumentKind::kText;
      sink.Drop(NewDocument(source), "no_text", "empty");
      return;
    }
    source.sniffed = Sniff(source.blob, source.name);
    if (context.wanted && !context.wanted(source)) return;
    if (const Reader* reader = FindReader(source.sniffed.kind)) {
      reader->read(source, context, sink);
      return;
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
