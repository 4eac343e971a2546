// Office and book formats, through pandoc to HTML and from there to text, so that tables, lists and notes look as they do
// everywhere else. Formulas stay TeX. What the text then says is held against the words of the source.
#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "ingest/encoding.h"
#include "ingest/readers/html.h"
#include "ingest/readers/latex_source.h"
#include "ingest/readers/pandoc_input.h"
#include "ingest/readers/reader.h"

namespace sheepop {
namespace {

constexpr uint64_t kHtmlBytes = 32 << 20;
constexpr uint64_t kLogBytes = 8 << 20;
constexpr uint64_t kLatexBytes = 16 << 20;
constexpr size_t kMostWarnings = 20;
constexpr int kMostRounds = 4;

// Titles and authors that stand on the page are metadata to pandoc, which a fragment is written without.
constexpr std::string_view kTemplate =
    "$if(title)$<h1>$title$</h1>\n$endif$$if(subtitle)$<p>$subtitle$</p>\n$endif$$for(author)$<p>$author$</p>\n$endfor$"
    "$if(date)$<p>$date$</p>\n$endif$$if(abstract)$<div>$abstract$</div>\n$endif$$body$\n";

std::string_view PandocFormat(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::kDocx: return "docx";
    case DocumentKind::kOdt: return "odt";
    case DocumentKind::kEpub: return "epub";
    case DocumentKind::kRtf: return "rtf";
    default: return "latex";
  }
}

// One document's calls of pandoc, in a folder of its own.
class Pandoc {
 public:
  Pandoc(DocumentKind kind, const ReadContext& context)
      : kind_(kind), context_(context), folder_(context.work.NewFolder()) {}
  Pandoc(const Pandoc&) = delete;
  Pandoc& operator=(const Pandoc&) = delete;
  ~Pandoc() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  // HTML in UTF-8. Throws as Converters::Run does.
  std::string ToHtml(const Blob& input) {
    const std::filesystem::path path = input.PathFor(context_.work, "document");
    std::filesystem::path page;
    const std::string heap = fmt::format("-M{}m", context_.options.converter_memory_bytes / 4 * 3 >> 20);
    std::vector<std::string> arguments = {"pandoc",      "+RTS",      heap,
                                          "-RTS",        "--sandbox", "--mathjax",
                                          "--wrap=none", "-f",        std::string(PandocFormat(kind_)),
                                          "-t",          "html",      "--log=log.json"};
    if (kind_ == DocumentKind::kDocx || kind_ == DocumentKind::kOdt || kind_ == DocumentKind::kLatex) {
      page = Blob::OfBytes(std::string(kTemplate)).PathFor(context_.work, "page.html");
      arguments.insert(arguments.end(), {"--template=" + page.string(), "-M", "pagetitle=page"});
    }
    arguments.push_back(path.string());
    ChildResult result = context_.converters.TryRun(arguments, kHtmlBytes, folder_);
    std::error_code ignored;
    if (path != input.path()) std::filesystem::remove(path, ignored);
    if (!page.empty()) std::filesystem::remove(page, ignored);
    warnings_ = WarningsOf(result.errors);
    return ToValidUtf8(context_.converters.OutputOf(arguments[0], std::move(result), kHtmlBytes));
  }

  // What it left out, as JSON.
  std::string Log() const {
    const std::filesystem::path log = folder_ / "log.json";
    std::error_code absent;
    const uint64_t size = std::filesystem::file_size(log, absent);
    return absent || size > kLogBytes ? "" : Blob::OfFile(log).ReadAll(kLogBytes);
  }

  // Of the last call, without those that are about pandoc and not about the document.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  static std::vector<std::string> WarningsOf(std::string_view errors) {
    constexpr std::string_view kMark = "[WARNING] ";
    std::vector<std::string> warnings;
    while (!errors.empty()) {
      std::string_view line = errors.substr(0, errors.find('\n'));
      errors.remove_prefix(std::min(line.size() + 1, errors.size()));
      if (!line.starts_with(kMark)) continue;
      line.remove_prefix(kMark.size());
      const bool own = line.find("translation") != std::string_view::npos;
      std::string warning = "pandoc: " + ToValidUtf8(line.substr(0, 300));
      const bool told = std::ranges::find(warnings, warning) != warnings.end();
      if (!own && !told && warnings.size() < kMostWarnings) warnings.push_back(std::move(warning));
    }
    return warnings;
  }

  DocumentKind kind_;
  const ReadContext& context_;
  std::filesystem::path folder_;
  std::vector<std::string> warnings_;
};

// pandoc leaves out a command that it does not know with all that stands in it, and says so in its log; once it is told
// that they stand for their text, the text stays, and those inside it come to light.
std::string LatexToHtml(Pandoc& pandoc, const Blob& input, std::vector<std::string>& notes) {
  std::string html = pandoc.ToHtml(input), definitions;
  std::vector<std::string> names;
  for (int round = 0; round < kMostRounds; ++round) {
    SkippedCommands skipped = DefineSkipped(pandoc.Log(), names);
    if (skipped.names.empty()) break;
    definitions += skipped.definitions;
    names.insert(names.end(), skipped.names.begin(), skipped.names.end());
    html = pandoc.ToHtml(Blob::OfBytes(definitions + input.ReadAll(kLatexBytes)));
  }
  if (names.empty()) return html;
  std::ranges::sort(names);
  std::string joined;
  for (const std::string& name : names) joined += (joined.empty() ? "" : ", ") + name;
  notes.push_back(fmt::format("text of {} commands that pandoc does not know kept: {}", names.size(),
                              ToValidUtf8(joined.substr(0, 300))));
  return html;
}

std::string BookText(const std::vector<std::string>& chapters, HtmlStyle style) {
  std::string text;
  for (const std::string& chapter : chapters) {
    if (!text.empty()) text.push_back('\n');
    text += HtmlToText(chapter, HtmlPart::kWhole, style).text;
  }
  return text;
}

// Of a book pandoc reads all or nothing, and where a chapter is missing, nothing.
void ReadBook(Pandoc& pandoc, const PandocInput& input, HtmlStyle style, Document& document) {
  try {
    document.text = HtmlToText(pandoc.ToHtml(input.blob), HtmlPart::kWhole, style).text;
    if (!CompareWords(input.words, document.text).IsLow()) return;
  } catch (const Error& error) {
    if (input.chapters.empty() || error.category() != ErrorCategory::kCorrupt) throw;
    document.notes.push_back(fmt::format("read chapter by chapter: {}", error.what()));
    document.text = BookText(input.chapters, style);
    return;
  }
  const std::string by_chapter = BookText(input.chapters, style);
  if (CompareWords(input.words, by_chapter).missing >= CompareWords(input.words, document.text).missing) return;
  document.text = by_chapter;
  document.notes.push_back("read chapter by chapter, which keeps more of its words");
}

void ReadLatex(Pandoc& pandoc, const PandocInput& input, HtmlStyle style, Document& document) {
  try {
    document.text = HtmlToText(LatexToHtml(pandoc, input.blob, document.notes), HtmlPart::kWhole, style).text;
  } catch (const Error& error) {
    // With macros that pandoc cannot follow it is still readable as it stands.
    if (error.category() != ErrorCategory::kCorrupt) throw;
    document.text = ToUtf8(input.blob.ReadAll(kLatexBytes)).text;
    document.notes.push_back(fmt::format("kept as source: {}", error.what()));
  }
}

}  // namespace

void ReadOffice(const Source& source, const ReadContext& context, DocumentSink& sink) {
  const PandocInput input = PreparePandocInput(source);
  const HtmlStyle style = context.options.markdown ? HtmlStyle::kMarkdown : HtmlStyle::kPlain;
  Document document = NewDocument(source);
  document.notes = input.notes;
  Pandoc pandoc(source.sniffed.kind, context);
  if (source.sniffed.kind == DocumentKind::kEpub) {
    ReadBook(pandoc, input, style, document);
  } else if (source.sniffed.kind == DocumentKind::kLatex) {
    ReadLatex(pandoc, input, style, document);
  } else {
    document.text = HtmlToText(pandoc.ToHtml(input.blob), HtmlPart::kWhole, style).text;
  }
  document.notes.insert(document.notes.end(), pandoc.warnings().begin(), pandoc.warnings().end());
  document.fidelity = CompareWords(input.words, document.text);
  sink.Take(std::move(document));
}

}  // namespace sheepop
