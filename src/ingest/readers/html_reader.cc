#include <fmt/core.h>

#include <cctype>

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

bool IsLetter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80;
}

// As whole words.
bool Holds(const std::string& text, const std::string& words) {
  for (size_t at = 0; (at = text.find(words, at)) != std::string::npos; ++at) {
    const size_t end = at + words.size();
    const bool begins = at == 0 || !IsLetter(text[at - 1]) || !IsLetter(words.front());
    if (begins && (end == text.size() || !IsLetter(text[end]) || !IsLetter(words.back()))) return true;
  }
  return false;
}

// A page's title stands above its text, unless the text begins with it anyway.
void PutTitle(const std::string& title, bool markdown, std::string& text) {
  if (title.empty() || Holds(InOneLine(text.substr(0, kTitlePlace)), InOneLine(title))) return;
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
  const std::string all = fmt::format("{}\n{}\n{}", html.title, document.text, html.navigation);
  document.fidelity = CompareWords(MarkupText(decoded.text, kHtmlRules), all);
  PutTitle(html.title, markdown, document.text);
  if (html.navigation_characters > 0) {
    document.notes.push_back(fmt::format("{} characters of navigation left out", html.navigation_characters));
  }
  for (std::string& note : decoded.Notes()) document.notes.push_back(std::move(note));
  sink.Take(std::move(document));
}

}  // namespace sheepop
