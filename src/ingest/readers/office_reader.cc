// Office and book formats, through pandoc to HTML and from there to text, so that tables, lists and notes look as they do
// everywhere else. Formulas stay TeX.
#include <libxml/xmlreader.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "ingest/encoding.h"
#include "ingest/readers/html.h"
#include "ingest/readers/reader.h"

namespace sheepop {
namespace {

constexpr uint64_t kInputBytes = 256 << 20;
constexpr uint64_t kHtmlBytes = 32 << 20;
constexpr uint64_t kXmlBytes = 64 << 20;
constexpr uint64_t kLatexBytes = 16 << 20;
// What HtmlToText takes for the mark of a note; an attribute that pandoc hands on.
constexpr std::string_view kNoteMark = "data-note=\"ref\"";

std::string_view PandocFormat(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::kDocx: return "docx";
    case DocumentKind::kOdt: return "odt";
    case DocumentKind::kEpub: return "epub";
    case DocumentKind::kRtf: return "rtf";
    default: return "latex";
  }
}

std::string WithoutSpace(std::string_view text) {
  std::string packed;
  std::copy_if(text.begin(), text.end(), std::back_inserter(packed),
               [](char c) { return static_cast<unsigned char>(c) > 0x20; });
  // Converters disagree about no-break spaces.
  for (size_t at = 0; (at = packed.find("\xC2\xA0", at)) != std::string::npos;) packed.erase(at, 2);
  return packed;
}

struct BoxNames {
  std::string_view box, paragraph, text, skip;  // element names without their prefix
};

// The paragraphs inside the text boxes of a document's XML. `names.text` is empty where all text counts.
std::vector<std::string> TextBoxes(const std::string& xml, const BoxNames& names) {
  const std::unique_ptr<xmlTextReader, decltype(&xmlFreeTextReader)> reader(
      xmlReaderForMemory(xml.data(), static_cast<int>(xml.size()), nullptr, nullptr,
                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_RECOVER),
      xmlFreeTextReader);
  std::vector<std::string> paragraphs;
  int boxes = 0, texts = 0, skips = 0;
  while (reader && xmlTextReaderRead(reader.get()) == 1) {
    const int type = xmlTextReaderNodeType(reader.get());
    if (type == XML_READER_TYPE_ELEMENT || type == XML_READER_TYPE_END_ELEMENT) {
      const std::string_view name = reinterpret_cast<const char*>(xmlTextReaderConstLocalName(reader.get()));
      if (type == XML_READER_TYPE_ELEMENT && xmlTextReaderIsEmptyElement(reader.get())) continue;
      const int step = type == XML_READER_TYPE_ELEMENT ? 1 : -1;
      if (name == names.box) boxes += step;
      if (name == names.text) texts += step;
      if (name == names.skip) skips += step;
      if (name == names.paragraph && step == 1 && boxes > 0 && skips == 0) paragraphs.emplace_back();
    } else if ((type == XML_READER_TYPE_TEXT || type == XML_READER_TYPE_SIGNIFICANT_WHITESPACE) && boxes > 0 &&
               skips == 0 && (texts > 0 || names.text.empty()) && !paragraphs.empty()) {
      const xmlChar* value = xmlTextReaderConstValue(reader.get());
      if (value) paragraphs.back() += reinterpret_cast<const char*>(value);
    }
  }
  return paragraphs;
}

// pandoc leaves text boxes out in silence; what it left out is put at the end.
void AddTextBoxes(const Source& source, Document& document) {
  std::vector<std::string> paragraphs;
  if (source.sniffed.kind == DocumentKind::kDocx) {
    paragraphs =
        TextBoxes(ReadZipMember(source.blob, "word/document.xml", kXmlBytes), {"txbxContent", "p", "t", "Fallback"});
  } else if (source.sniffed.kind == DocumentKind::kOdt) {
    paragraphs = TextBoxes(ReadZipMember(source.blob, "content.xml", kXmlBytes), {"text-box", "p", "", "annotation"});
  }
  if (paragraphs.empty()) return;
  const std::string packed = WithoutSpace(document.text);
  size_t added = 0;
  for (const std::string& paragraph : paragraphs) {
    const std::string key = WithoutSpace(paragraph);
    if (key.empty() || packed.find(key) != std::string::npos) continue;
    document.text += fmt::format("\n{}\n", ToValidUtf8(paragraph));
    ++added;
  }
  if (added > 0) document.notes.push_back(fmt::format("{} paragraphs of text boxes put at the end", added));
}

std::string Replaced(std::string text, std::string_view what, std::string_view by) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
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

// What pandoc 2 would leave out without a word, put so that it reads it: the heading rows of OpenDocument tables, the notes
// of RTF and of books. And LaTeX in UTF-8, which old LaTeX is not.
Blob PandocInput(const Source& source) {
  if (source.sniffed.kind == DocumentKind::kOdt) {
    const std::string content = ReadZipMember(source.blob, "content.xml", kXmlBytes);
    if (content.find("<table:table-header-rows>") == std::string::npos) return source.blob;
    return Blob::OfBytes(WithZipMembers(source.blob, kInputBytes, [](std::string_view name, std::string bytes) {
      if (name != "content.xml") return bytes;
      return Replaced(Replaced(std::move(bytes), "<table:table-header-rows>", ""), "</table:table-header-rows>", "");
    }));
  }
  if (source.sniffed.kind == DocumentKind::kEpub) {
    return Blob::OfBytes(WithZipMembers(source.blob, kInputBytes, [](std::string_view name, std::string bytes) {
      return name.ends_with("html") || name.ends_with("htm") || name.ends_with(".xml")
                 ? WithoutNoteTypes(std::move(bytes))
                 : bytes;
    }));
  }
  if (source.sniffed.kind == DocumentKind::kRtf) {
    const std::string rtf = source.blob.ReadAll(kInputBytes);
    if (rtf.find("{\\*\\footnote") == std::string::npos) return source.blob;
    return Blob::OfBytes(Replaced(rtf, "{\\*\\footnote", "{\\footnote"));
  }
  if (source.sniffed.kind != DocumentKind::kLatex) return source.blob;
  DecodedText decoded = ToUtf8(source.blob.ReadAll(kInputBytes));
  return decoded.encoding == "UTF-8" && decoded.replaced == 0 ? source.blob : Blob::OfBytes(std::move(decoded.text));
}

}  // namespace

void ReadOffice(const Source& source, const ReadContext& context, DocumentSink& sink) {
  if (source.blob.size() > kInputBytes) {
    throw Error(ErrorCategory::kLimit, "{} bytes, and pandoc is given at most {}", source.blob.size(), kInputBytes);
  }
  const std::filesystem::path folder = context.work.NewFolder();
  const Blob input = PandocInput(source);
  const std::filesystem::path path = input.PathFor(context.work, "document");
  const std::string heap = fmt::format("-M{}m", context.options.converter_memory_bytes / 4 * 3 >> 20);
  const std::string format(PandocFormat(source.sniffed.kind));
  const std::vector<std::string> arguments = {"pandoc",      "+RTS", heap,   "-RTS", "--sandbox", "--mathjax",
                                              "--wrap=none", "-f",   format, "-t",   "html",      path.string()};
  Document document = NewDocument(source);
  try {
    const std::string html = context.converters.Run(arguments, kHtmlBytes, folder);
    document.text = HtmlToText(ToValidUtf8(html), HtmlPart::kWhole).text;
    AddTextBoxes(source, document);
  } catch (const Error& error) {
    // LaTeX with macros that pandoc does not know is still readable as it stands.
    if (source.sniffed.kind != DocumentKind::kLatex || error.category() != ErrorCategory::kCorrupt) throw;
    document.text = ToUtf8(input.ReadAll(kLatexBytes)).text;
    document.notes.push_back(fmt::format("kept as source: {}", error.what()));
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  if (path != input.path()) std::filesystem::remove(path, ignored);
  sink.Take(std::move(document));
}

}  // namespace sheepop
