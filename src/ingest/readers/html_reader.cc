#include <fmt/core.h>

#include "base/error.h"
#include "ingest/encoding.h"
#include "ingest/readers/html.h"
#include "ingest/readers/markup_text.h"
#include "ingest/readers/reader.h"

namespace sheepop {
namespace {

constexpr uint64_t kPageBytes = 32 << 20;
constexpr size_t kTitlePlace = 4096;  // bytes of the text in which a page repeats its title

std::string InOneLine(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool space = static_cast<unsigned char>(c) <= 0x20;
    if (!space || !line.ends_with(' ')) line.push_back(space ? ' ' : c);
  }
  return line;
}

// A page's title stands above its text, unless the text begins with it anyway.
void PutTitle(const std::string& title, bool markdown, std::string& text) {
  if (title.empty() || InOneLine(text.substr(0, kTitlePlace)).find(InOneLine(title)) != std::string::npos) return;
  text = fmt::format("{}{}\n\n{}", markdown ? "# " : "", title, text);
}

}  // namespace

void ReadHtml(const Source& source, const ReadContext& context, DocumentSink& sink) {
  const std::string bytes = source.blob.ReadAll(kPageBytes);
  const DecodedText decoded = ToUtf8(bytes, DeclaredHtmlEncoding(bytes));
  const bool markdown = context.options.markdown;
  HtmlText html = HtmlToText(decoded.text, HtmlPart::kMain, markdown ? HtmlStyle::kMarkdown : HtmlStyle::kPlain);
  Document document = NewDocument(source);
  document.text = std::move(html.text);
  document.fidelity = CompareWords(MarkupText(decoded.text, kHtmlRules), document.text + " " + html.navigation);
  PutTitle(html.title, markdown, document.text);
  if (html.navigation_characters > 0) {
    document.notes.push_back(fmt::format("{} characters of navigation left out", html.navigation_characters));
  }
  for (std::string& note : decoded.Notes()) document.notes.push_back(std::move(note));
  sink.Take(std::move(document));
}

}  // namespace sheepop
