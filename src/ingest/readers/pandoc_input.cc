#include "ingest/readers/pandoc_input.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"
#include "ingest/encoding.h"
#include "ingest/part_store.h"
#include "ingest/readers/epub_spine.h"
#include "ingest/readers/html.h"
#include "ingest/readers/latex_source.h"
#include "ingest/readers/markup_text.h"
#include "ingest/readers/office_parts.h"
#include "ingest/readers/rtf_text.h"

namespace sheepop {
namespace {

constexpr uint64_t kInputBytes = 256 << 20;
// What HtmlToText takes for the mark of a note; an attribute that pandoc hands on.
constexpr std::string_view kNoteMark = "data-note=\"ref\"";

void NoteDamage(const ZipMember& member, std::vector<std::string>& notes) {
  if (member.damage.empty()) return;
  notes.push_back(member.name.empty()
                      ? fmt::format("the archive breaks off, files may be missing: {}", member.damage)
                      : fmt::format("{} is damaged, its beginning is kept: {}", member.name, member.damage));
}

PandocInput OfWord(const Source& source) {
  PandocInput input;
  std::map<std::string, std::string> changed;
  for (ZipMember& member : ReadZipMembers(source.blob, kInputBytes, IsWordTextPart)) {
    NoteDamage(member, input.notes);
    if (member.name.empty()) continue;
    input.words += MarkupText(ToValidUtf8(member.bytes), kWordRules) + "\n";
    OfficePart part = WordPart(member.bytes, member.name);
    input.notes.insert(input.notes.end(), part.notes.begin(), part.notes.end());
    if (!member.damage.empty() || part.xml != member.bytes) changed[member.name] = std::move(part.xml);
  }
  // With its pictures: pandoc drops a run of text whose picture it does not find.
  input.blob = changed.empty() ? source.blob : Blob::OfBytes(WithZipMembers(source.blob, kInputBytes, changed, true));
  return input;
}

PandocInput OfOpenDocument(const Source& source) {
  PandocInput input;
  std::map<std::string, std::string> changed;
  const auto wanted = [](std::string_view name) { return name == "content.xml"; };
  for (ZipMember& member : ReadZipMembers(source.blob, kInputBytes, wanted)) {
    NoteDamage(member, input.notes);
    if (member.name.empty()) continue;
    input.words += MarkupText(ToValidUtf8(member.bytes), kOpenDocumentRules) + "\n";
    OfficePart part = OpenDocumentContent(member.bytes);
    input.notes.insert(input.notes.end(), part.notes.begin(), part.notes.end());
    if (!member.damage.empty() || part.xml != member.bytes) changed[member.name] = std::move(part.xml);
  }
  input.blob = changed.empty() ? source.blob : Blob::OfBytes(WithZipMembers(source.blob, kInputBytes, changed, false));
  return input;
}

// pandoc takes a book's notes out of where they stand and, in most books, loses their marks; as plain links and paragraphs
// both stay. Mind the quotation marks: either kind may enclose a value, and it may be one of several.
std::string WithoutNoteTypes(std::string xhtml) {
  constexpr std::string_view kType = "epub:type=";
  for (size_t at = 0; (at = xhtml.find(kType, at)) != std::string::npos;) {
    const size_t begin = at + kType.size();
    const char quote = begin < xhtml.size() ? xhtml[begin] : ' ';
    const size_t end = quote == '"' || quote == '\'' ? xhtml.find(quote, begin + 1) : std::string::npos;
    if (end == std::string::npos) break;
    const std::string_view value = std::string_view(xhtml).substr(begin, end - begin);
    const bool mark = value.find("noteref") != std::string_view::npos;
    if (!mark && value.find("note") == std::string_view::npos) {
      at = end;
      continue;
    }
    const std::string_view instead = mark ? kNoteMark : std::string_view();
    xhtml.replace(at, end + 1 - at, instead);
    at += instead.size();
  }
  return xhtml;
}

bool IsBookText(std::string_view name) {
  return name.ends_with("html") || name.ends_with("htm") || name.ends_with(".xml") || name.ends_with(".opf");
}

PandocInput OfBook(const Source& source) {
  PandocInput input;
  std::map<std::string, std::string> texts;
  for (ZipMember& member : ReadZipMembers(source.blob, kInputBytes, IsBookText)) {
    NoteDamage(member, input.notes);
    if (member.name.empty()) continue;
    DecodedText decoded = ToUtf8(member.bytes, DeclaredHtmlEncoding(member.bytes));
    for (const std::string& note : decoded.Notes()) input.notes.push_back(member.name + ": " + note);
    texts[member.name] = WithoutNoteTypes(std::move(decoded.text));
  }
  const auto chapters = EpubSpine([&](const std::string& name) {
    const auto found = texts.find(name);
    return found == texts.end() ? "" : found->second;
  });
  for (const std::string& chapter : chapters) {
    const auto found = texts.find(chapter);
    if (found == texts.end()) {
      if (IsBookText(chapter))
        input.notes.push_back(fmt::format("the chapter {} is not in the book", DisplayName(chapter)));
      continue;
    }
    input.chapters.push_back(found->second);
    input.words += MarkupText(found->second, kHtmlRules) + "\n";
  }
  input.blob = Blob::OfBytes(WithZipMembers(source.blob, kInputBytes, texts, false));
  return input;
}

PandocInput OfRichText(const Source& source) {
  PandocInput input;
  std::string rtf = source.blob.ReadAll(kInputBytes);
  input.words = RtfText(rtf);
  std::string changed = WithEscapedFallbacks(rtf);
  constexpr std::string_view kNote = "{\\*\\footnote", kInstead = "{\\footnote";
  for (size_t at = 0; (at = changed.find(kNote, at)) != std::string::npos; at += kInstead.size()) {
    changed.replace(at, kNote.size(), kInstead);
  }
  input.blob = changed == rtf ? source.blob : Blob::OfBytes(std::move(changed));
  return input;
}

// In UTF-8, which old LaTeX is not.
PandocInput OfLatex(const Source& source) {
  PandocInput input;
  DecodedText decoded = ToUtf8(source.blob.ReadAll(kInputBytes));
  input.notes = decoded.Notes();
  input.words = LatexText(decoded.text);
  const bool sound = decoded.encoding == "UTF-8" && decoded.replaced == 0 && decoded.nuls == 0;
  input.blob = sound ? source.blob : Blob::OfBytes(std::move(decoded.text));
  return input;
}

}  // namespace

PandocInput PreparePandocInput(const Source& source) {
  if (source.blob.size() > kInputBytes) {
    throw Error(ErrorCategory::kLimit, "{} bytes, and pandoc is given at most {}", source.blob.size(), kInputBytes);
  }
  switch (source.sniffed.kind) {
    case DocumentKind::kDocx: return OfWord(source);
    case DocumentKind::kOdt: return OfOpenDocument(source);
    case DocumentKind::kEpub: return OfBook(source);
    case DocumentKind::kRtf: return OfRichText(source);
    default: return OfLatex(source);
  }
}

}  // namespace sheepop
