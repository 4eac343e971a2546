// PDF: the text layer where it makes sense, OCR where a page has none, page by page.
#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <sstream>

#include "base/error.h"
#include "base/utf8.h"
#include "ingest/language.h"
#include "ingest/readers/direction.h"
#include "ingest/readers/garbled.h"
#include "ingest/readers/gutters.h"
#include "ingest/readers/layout.h"
#include "ingest/readers/line_repairs.h"
#include "ingest/readers/ocr.h"
#include "ingest/readers/page_picture.h"
#include "ingest/readers/page_roles.h"
#include "ingest/readers/page_tables.h"
#include "ingest/readers/page_text.h"
#include "ingest/readers/pdf_document.h"
#include "ingest/readers/picture_check.h"
#include "ingest/readers/reader.h"
#include "ingest/readers/soft_hyphens.h"

namespace sheepop {
namespace {

constexpr uint32_t kChunkPages = 64;
constexpr uint64_t kLayoutBytes = 256 << 20;     // of pdftotext, for one chunk
constexpr uint64_t kPostScriptBytes = 64 << 20;  // of pdftops, for one page
constexpr uint64_t kImageBytes = 256 << 20;      // of pdftoppm, for one page
constexpr size_t kSparseCharacters = 16;         // a page with fewer may be a scan with a stamp or a page number
constexpr size_t kThinCharacters = 200;          // a page with fewer may hold a picture of more
constexpr size_t kShortCharacters = 1500;        // half a page of text: beside it there is room for a picture
constexpr double kPictureShare = 0.2;            // of a page; smaller pictures are not read
constexpr double kInkShare = 0.03;               // of a page that shows something outside the text layer
constexpr double kMaxPixels = 6000;              // of a side of a rasterised page
constexpr size_t kMaxFailedPages = 3;
constexpr size_t kNearPages = 3;

size_t Shown(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && (byte & 0xC0) != 0x80;
  }));
}

size_t Shown(const LayoutPage& page) {
  size_t shown = 0;
  for (const LayoutBlock& block : page.blocks) {
    for (const LayoutLine& line : block.lines) {
      for (const LayoutWord& word : line.words) shown += Shown(word.text);
    }
  }
  return shown;
}

std::string Field(std::string_view info, std::string_view name) {
  size_t at = 0;
  while ((at = info.find(name, at)) != std::string_view::npos) {
    if (at == 0 || info[at - 1] == '\n') {
      info.remove_prefix(at + name.size());
      info = info.substr(0, info.find('\n'));
      const size_t begin = info.find_first_not_of(' ');
      return begin == std::string_view::npos ? "" : std::string(info.substr(begin));
    }
    ++at;
  }
  return "";
}

void ReadPageSizes(Pdf& pdf, const std::string& info) {
  std::istringstream lines(info);
  std::string line;
  while (std::getline(lines, line)) {
    size_t page = 0;
    double width = 0, height = 0;
    int turned = 0;
    const bool size = std::sscanf(line.c_str(), "Page %zu size: %lf x %lf", &page, &width, &height) == 3;
    if (!size && std::sscanf(line.c_str(), "Page %zu rot: %d", &page, &turned) != 2) continue;
    if (page < 1 || page > pdf.pages.size()) continue;
    PdfPage& target = pdf.pages[page - 1];
    if (size && width > 0 && height > 0) {
      target.width = width;
      target.height = height;
    } else if (!size && turned % 180 != 0) {
      std::swap(target.width, target.height);
    }
  }
}

// True when one of the names stands in the clear, as the dictionaries of streams do, which lie in no other stream.
bool HoldsName(const Blob& file, std::initializer_list<std::string_view> names) {
  constexpr size_t kLongest = 32;
  bool found = false;
  std::string tail;
  const auto look = [&](std::string_view text) {
    for (const std::string_view name : names) {
      for (size_t at = 0; !found && (at = text.find(name, at)) != std::string_view::npos; ++at) {
        const size_t next = at + name.size();
        found = next < text.size() && std::isalnum(static_cast<unsigned char>(text[next])) == 0;
      }
    }
  };
  file.ForEachPiece([&](std::string_view piece) {
    look(tail + std::string(piece.substr(0, kLongest)));
    look(piece);
    tail = piece.substr(piece.size() - std::min(piece.size(), kLongest));
    return !found;
  });
  return found;
}

// From the lines "1: NAME" of `pdfdetach -list`.
void ListAttachments(Pdf& pdf, const Blob& file, const ReadContext& context) {
  // Most files have none; dictionaries inside an object stream are not seen.
  if (!HoldsName(file, {"/EmbeddedFile", "/EmbeddedFiles", "/EF", "/ObjStm"})) return;
  std::istringstream lines(context.converters.TryRun({"pdfdetach", "-list", pdf.path}, 1 << 20).output);
  std::string line;
  while (std::getline(lines, line)) {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos || line.find_first_not_of("0123456789") != colon) continue;
    std::string name = ToValidUtf8(line.substr(colon + 2));
    std::erase_if(name, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    pdf.attachments.push_back(std::move(name));
  }
}

// One call tells what the document is and how large its pages are.
void Open(Pdf& pdf, const ReadContext& context) {
  const std::string last = std::to_string(context.options.max_pages);
  const ChildResult result = context.converters.TryRun({"pdfinfo", "-f", "1", "-l", last, pdf.path}, 64 << 20);
  if (result.errors.find("Incorrect password") != std::string::npos) {
    throw Error(ErrorCategory::kUnsupported, "locked with a password; unlock it with `qpdf --decrypt --password=...`");
  }
  if (!result.ok()) {
    const std::string words = result.errors.substr(0, std::min<size_t>(result.errors.find('\n'), 200));
    throw Error(ErrorCategory::kCorrupt, "not a readable PDF: {}",
                words.empty() ? fmt::format("pdfinfo ended with {}", result.code) : words);
  }
  pdf.damaged = result.errors.find("Error") != std::string::npos;
  uint32_t pages = 0;
  const std::string count = Field(result.output, "Pages:");
  std::from_chars(count.data(), count.data() + count.size(), pages);
  if (pages > context.options.max_pages) {
    throw Error(ErrorCategory::kLimit, "{} pages, and at most {} are read; raise --max-pages or split it", pages,
                context.options.max_pages);
  }
  pdf.xfa = Field(result.output, "Form:") == "XFA";
  pdf.pages.resize(pages);
  ReadPageSizes(pdf, result.output);
}

// `style` is null for plain text, and the size of the type for Markdown. `near`: of the pages around it.
RenderedPage InOrder(LayoutPage page, const PageStyle* style, const Gutters& near = {}) {
  RenderedPage content;
  JoinTouching(page);
  for (LayoutPage& upright : UprightPages(std::move(page))) {
    const Gutters gutters = FindGutters(upright, near);
    JoinMarks(upright);
    PartAtGutters(upright, gutters);
    PartColumns(upright);
    GatherTables(upright, gutters);
    if (style) MarkRoles(upright, *style);
    SortForReading(upright);
    content.Append(RenderPage(upright, style != nullptr), "\n\n");
  }
  return content;
}

// A page that shows its words from behind, as films and transfers do: poppler finds letters that run backwards.
bool Mirrored(const RenderedPage& content, const RenderedPage& turned) {
  return GuessLanguage(turned.text).share >= std::max(0.1, 2 * GuessLanguage(content.text).share);
}

void Take(PdfPage& page, LayoutPage layout, const PageStyle* style, const Gutters& near) {
  RenderedPage turned;
  if (Shown(layout) < kShortCharacters) page.layer = layout;
  if (RunsBackwards(layout)) turned = InOrder(Unmirrored(layout), style);
  page.content = InOrder(std::move(layout), style, near);
  if (!turned.text.empty() && Mirrored(page.content, turned)) {
    page.content = std::move(turned);
    page.mirrored = true;
    page.layer.reset();
  }
  page.garble = FindGarble(page.content.text);
}

// Of the pages before and behind each, the nearest first: left and right pages may have their own.
std::vector<Gutters> NearGutters(const std::vector<LayoutPage>& pages) {
  std::vector<Gutters> own, near(pages.size());
  own.reserve(pages.size());
  for (const LayoutPage& page : pages) own.push_back(FindGutters(page));
  for (size_t i = 0; i < pages.size(); ++i) {
    for (size_t distance = 1; distance <= kNearPages; ++distance) {
      if (i >= distance) near[i].insert(near[i].end(), own[i - distance].begin(), own[i - distance].end());
      if (i + distance < pages.size()) {
        near[i].insert(near[i].end(), own[i + distance].begin(), own[i + distance].end());
      }
    }
  }
  return near;
}

// Pages [first, last), counted from 0. A page that breaks pdftotext is found by halving and marked.
void ReadTextLayer(Pdf& pdf, size_t first, size_t last, const ReadContext& context) {
  const ChildResult result = context.converters.TryRun(
      {"pdftotext", "-bbox-layout", "-f", std::to_string(first + 1), "-l", std::to_string(last), pdf.path, "-"},
      kLayoutBytes);
  if (result.ok()) {
    std::vector<LayoutPage> pages = ParsePopplerLayout(result.output);
    const PageStyle style = context.options.markdown ? StyleOf(pages) : PageStyle();
    const std::vector<Gutters> near = NearGutters(pages);
    for (size_t i = 0; i < pages.size() && first + i < last; ++i) {
      PdfPage& page = pdf.pages[first + i];
      // Whether pdftotext states the size before or after /Rotate is not documented; pdfinfo's is before.
      pages[i].width = static_cast<float>(page.width);
      pages[i].height = static_cast<float>(page.height);
      page.style = style;
      Take(page, std::move(pages[i]), context.options.markdown ? &style : nullptr, near[i]);
    }
    return;
  }
  if (result.outcome == ChildOutcome::kCpuLimit || result.outcome == ChildOutcome::kOutputLimit) {
    throw Error(ErrorCategory::kLimit, "pages {} to {} go beyond pdftotext's limits of {} s or {} bytes", first + 1,
                last, context.options.converter_cpu_seconds, kLayoutBytes);
  }
  if (last - first == 1) {
    pdf.pages[first].failed = true;
    if (++pdf.failed_pages > kMaxFailedPages) {
      throw Error(ErrorCategory::kCorrupt, "pdftotext failed on more than {} pages", kMaxFailedPages);
    }
    return;
  }
  const size_t middle = first + (last - first) / 2;
  ReadTextLayer(pdf, first, middle, context);
  ReadTextLayer(pdf, middle, last, context);
}

// Of the pages [first, last].
SoftHyphens SoftHyphensOf(const Pdf& pdf, size_t first, size_t last, const ReadContext& context) {
  const std::string from = std::to_string(first + 1), to = std::to_string(last + 1);
  return FindSoftHyphens(
      context.converters.TryRun({"pdftops", "-f", from, "-l", to, pdf.path, "-"}, kPostScriptBytes).output);
}

void ReadSoftHyphens(Pdf& pdf, const ReadContext& context) {
  std::vector<size_t> wanted;
  for (size_t i = 0; i < pdf.pages.size(); ++i) {
    if (MayHoldSoftHyphens(pdf.pages[i].content.text)) wanted.push_back(i);
  }
  if (wanted.empty()) return;
  // A program that draws them does so throughout: two pages tell, in one call where they are near.
  const size_t first = wanted.front(), second = wanted[std::min<size_t>(wanted.size(), 2) - 1];
  SoftHyphens found = SoftHyphensOf(pdf, first, second - first <= kNearPages ? second : first, context);
  if (second - first > kNearPages) found.merge(SoftHyphensOf(pdf, second, second, context));
  if (found.empty() || !HasWinAnsiFonts(context.converters.TryRun({"pdffonts", pdf.path}, 16 << 20).output)) return;
  context.pool.ForEach(wanted.size(), [&](size_t i) {
    std::string& text = pdf.pages[wanted[i]].content.text;
    SoftenHyphens(text, i < 2 ? found : SoftHyphensOf(pdf, wanted[i], wanted[i], context));
  });
}

using Runs = std::vector<std::pair<size_t, size_t>>;  // pages [first, second)

// The pages, ascending, as runs of at most kChunkPages.
Runs RunsOf(const std::vector<size_t>& pages) {
  Runs runs;
  for (const size_t i : pages) {
    if (!runs.empty() && runs.back().second == i && i - runs.back().first < kChunkPages) {
      ++runs.back().second;
    } else {
      runs.emplace_back(i, i + 1);
    }
  }
  return runs;
}

// How much of each of the pages [first, last) images cover, from `pdfimages -list`: sizes in pixels, and pixels an inch.
void MeasureImages(Pdf& pdf, size_t first, size_t last, const ReadContext& context) {
  const ChildResult result = context.converters.TryRun(
      {"pdfimages", "-list", "-f", std::to_string(first + 1), "-l", std::to_string(last), pdf.path}, 64 << 20);
  std::istringstream lines(result.output);
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    size_t page = 0;
    std::string skip, type;
    double width = 0, height = 0, x_ppi = 0, y_ppi = 0;
    if (!(fields >> page >> skip >> type >> width >> height)) continue;
    for (int i = 0; i < 7; ++i) fields >> skip;  // color comp bpc enc interp object ID
    if (!(fields >> x_ppi >> y_ppi) || page <= first || page > last || x_ppi <= 0 || y_ppi <= 0) continue;
    PdfPage& target = pdf.pages[page - 1];
    target.image_share += (width / x_ppi * 72) * (height / y_ppi * 72) / (target.width * target.height);
  }
}

// Looks at a small picture of each of the pages [first, last).
void LookAt(Pdf& pdf, size_t first, size_t last, const ReadContext& context) {
  const ChildResult result = context.converters.TryRun(
      {"pdftoppm", "-gray", "-scale-to", "400", "-f", std::to_string(first + 1), "-l", std::to_string(last), pdf.path},
      kImageBytes);
  if (!result.ok()) return;
  const std::vector<GrayImage> images = SplitPgm(result.output);
  for (size_t i = 0; i < images.size() && first + i < last; ++i) {
    PdfPage& page = pdf.pages[first + i];
    page.blank = IsBlank(images[i]);
    page.pictured =
        page.layer && page.image_share >= kPictureShare && UncoveredInk(images[i], *page.layer) >= kInkShare;
  }
}

bool LacksText(const PdfPage& page) { return page.failed || Shown(page.content.text) < kSparseCharacters; }

bool NeedsOcr(const PdfPage& page) { return !page.blank && (LacksText(page) || page.garble || page.pictured); }

std::vector<size_t> PagesForOcr(Pdf& pdf, const Blob& file, const ReadContext& context) {
  std::vector<size_t> looked_at, little;
  std::optional<bool> images;
  for (size_t i = 0; i < pdf.pages.size(); ++i) {
    const PdfPage& page = pdf.pages[i];
    if (LacksText(page) || page.garble) {
      looked_at.push_back(i);
    } else if (page.layer) {
      const bool thin = Shown(page.content.text) < kThinCharacters;
      if (!thin && !images) images = HoldsName(file, {"/Image"});
      if (thin || *images) little.push_back(i);
    }
  }
  const Runs measured = RunsOf(little);
  context.pool.ForEach(measured.size(),
                       [&](size_t r) { MeasureImages(pdf, measured[r].first, measured[r].second, context); });
  for (const size_t i : little) {
    if (pdf.pages[i].image_share >= kPictureShare) looked_at.push_back(i);
  }
  std::sort(looked_at.begin(), looked_at.end());
  const Runs shown = RunsOf(looked_at);
  context.pool.ForEach(shown.size(), [&](size_t r) { LookAt(pdf, shown[r].first, shown[r].second, context); });
  std::erase_if(looked_at, [&](size_t i) { return !NeedsOcr(pdf.pages[i]); });
  return looked_at;
}

// Whether what OCR read is what a nonsensical layer should say. Where they agree, the layer only looks like nonsense.
bool Ungarbles(const PdfPage& page, const OcrResult& ocr, const std::string& text) {
  if (ocr.confidence <= 60 || Shown(text) * 2 <= Shown(page.content.text)) return false;
  if (FindGarble(text) && GuessLanguage(text).share <= 2 * GuessLanguage(page.content.text).share) return false;
  return !SharesWords(page.content.text, text);
}

void TakeOcr(PdfPage& page, OcrResult ocr, double dpi, bool markdown) {
  if (ocr.pages.empty()) return;
  const std::string& text = ocr.pages.front().text;
  if (!LacksText(page) && !page.garble) {
    if (!page.layer) return;
    page.added = AddUncovered(*page.layer, ocr.layouts.front(), static_cast<float>(72 / dpi));
    if (page.added.words > 0) page.content = InOrder(*std::move(page.layer), markdown ? &page.style : nullptr);
    return;
  }
  if (LacksText(page) ? Shown(text) <= Shown(page.content.text) : !Ungarbles(page, ocr, text)) return;
  page.content = std::move(ocr.pages.front());
  page.failed = false;
  page.garble = {};
  page.ocr = std::move(ocr);
}

double DpiOf(const PdfPage& page, const ReadContext& context) {
  const double inches = std::max(page.width, page.height) / 72;
  return std::min<double>(context.options.ocr_dpi, kMaxPixels / inches);
}

// What OCR reads in the picture of a page; nothing where OCR, or its language, is not installed.
std::optional<OcrResult> ReadPicture(Pdf& pdf, size_t index, const ReadContext& context) {
  const std::filesystem::path folder = context.work.NewFolder();
  const std::string number = std::to_string(index + 1);
  context.converters.Run(
      {"pdftoppm", "-gray", "-singlefile", "-r", fmt::format("{:.2f}", DpiOf(pdf.pages[index], context)), "-f", number,
       "-l", number, pdf.path, (folder / "page").string()},
      kImageBytes, folder);
  std::optional<OcrResult> result;
  try {
    result = RecogniseText(folder / "page.pgm", context);
  } catch (const Error& error) {
    if (error.category() != ErrorCategory::kNotFound) throw;
    const std::lock_guard lock(pdf.missing_lock);
    pdf.missing = error.what();
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return result;
}

void OcrPage(Pdf& pdf, size_t index, const ReadContext& context) {
  PdfPage& page = pdf.pages[index];
  if (std::optional<OcrResult> result = ReadPicture(pdf, index, context)) {
    TakeOcr(page, *std::move(result), DpiOf(page, context), context.options.markdown);
  } else {
    page.unread = true;
  }
}

void ReadPictures(Pdf& pdf, const Blob& file, const ReadContext& context) {
  const std::vector<size_t> wanted = PagesForOcr(pdf, file, context);
  if (context.options.ocr) {
    context.pool.ForEach(wanted.size(), [&](size_t i) { OcrPage(pdf, wanted[i], context); });
  } else {
    for (const size_t i : wanted) pdf.pages[i].unread = true;
  }
  for (PdfPage& page : pdf.pages) page.layer.reset();
}

// The text layers of some pages against what they show.
void CheckPictures(Pdf& pdf, const std::string& sha256, const ReadContext& context) {
  if (context.options.fidelity != "ocr") return;
  std::vector<size_t> eligible;
  for (size_t i = 0; i < pdf.pages.size(); ++i) {
    const PdfPage& page = pdf.pages[i];
    if (!page.ocr && !page.garble && page.added.words == 0 && !LacksText(page)) eligible.push_back(i);
  }
  const std::vector<size_t> chosen = PagesToCheck(eligible, pdf.pages.size(), sha256);
  std::vector<std::optional<PageFidelity>> found(chosen.size());
  context.pool.ForEach(chosen.size(), [&](size_t i) {
    const auto picture = ReadPicture(pdf, chosen[i], context);
    if (picture)
      found[i] = ComparePicture(static_cast<uint32_t>(chosen[i]), pdf.pages[chosen[i]].content.text, *picture);
  });
  for (size_t i = 0; i < chosen.size(); ++i) {
    if (found[i]) {
      pdf.checked.push_back(*std::move(found[i]));
    } else {
      pdf.unchecked.push_back(chosen[i]);
    }
  }
}

}  // namespace

void ReadPdf(const Source& source, const ReadContext& context, DocumentSink& sink) {
  Pdf pdf;
  pdf.path = source.blob.PathFor(context.work, "document.pdf").string();
  Open(pdf, context);
  ListAttachments(pdf, source.blob, context);
  const size_t chunks = (pdf.pages.size() + kChunkPages - 1) / kChunkPages;
  context.pool.ForEach(chunks, [&](size_t i) {
    ReadTextLayer(pdf, i * kChunkPages, std::min<size_t>((i + 1) * kChunkPages, pdf.pages.size()), context);
  });
  ReadPictures(pdf, source.blob, context);
  ReadSoftHyphens(pdf, context);
  CheckPictures(pdf, source.sha256, context);

  PageGroups groups;
  Document document = AssemblePdf(source, pdf, groups);
  if (Shown(document.text) > 0) return sink.Take(std::move(document));
  // Another run may find what is missing.
  if (!pdf.missing.empty()) throw Error(ErrorCategory::kNotFound, "{}", pdf.missing);
  sink.Drop(std::move(document), "no_text", WhyPdfIsEmpty(pdf, groups, context.options.ocr));
}

}  // namespace sheepop
