#include "base/error.h"
#include "ingest/encoding.h"
#include "ingest/readers/html.h"
#include "ingest/readers/reader.h"

namespace sheepop {
namespace {

constexpr uint64_t kPageBytes = 32 << 20;

}  // namespace

void ReadHtml(const Source& source, const ReadContext& context, DocumentSink& sink) {
  static_cast<void>(context);
  const std::string bytes = source.blob.ReadAll(kPageBytes);
  const DecodedText decoded = ToUtf8(bytes, DeclaredHtmlEncoding(bytes));
  HtmlText html = HtmlToText(decoded.text, HtmlPart::kMain);
  Document document = NewDocument(source);
  document.text = std::move(html.text);
  if (html.navigation_characters > 0) {
    document.notes.push_back(fmt::format("{} characters of navigation left out", html.navigation_characters));
  }
  if (decoded.encoding != "UTF-8") document.notes.push_back("read as " + decoded.encoding);
  if (decoded.replaced > 0) {
    document.notes.push_back(fmt::format("{} broken characters replaced by U+FFFD", decoded.replaced));
  }
  sink.Take(std::move(document));
}

}  // namespace sheepop
