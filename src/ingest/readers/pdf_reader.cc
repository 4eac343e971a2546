// PDF: the text layer where it makes sense, OCR where a page has none, page by page.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <optional>
#include <sstream>

#include "base/error.h"
#include "base/utf8.h"
#include "ingest/language.h"
#include "ingest/readers/direction.h"
#include "ingest/readers/garbled.h"
#include "ingest/readers/layout.h"
#include "ingest/readers/ocr.h"
#include "ingest/readers/reader.h"
#include "ingest/readers/soft_hyphens.h"

namespace sheepop {
namespace {

constexpr uint32_t kChunkPages = 64;
constexpr uint64_t kLayoutBytes = 256 << 20;     // of pdftotext, for one chunk
constexpr uint64_t kPostScriptBytes = 64 << 20;  // of pdftops, for one page
constexpr uint64_t kImageBytes = 256 << 20;      // of pdftoppm, for one page
constexpr size_t kSparseCharacters = 16;         // a page with fewer may be a scan with a stamp or a page number
constexpr size_t kThinCharacters = 200;          // a page with fewer, under a large image, may be one too
constexpr double kMaxPixels = 6000;              // of a side of a rasterised page
constexpr size_t kMaxFailedPages = 3;

struct PdfPage {
  RenderedPage content;
  double width = 612, height = 792;  // points, as the page is shown
  double image_share = 0;            // of the page that images cover
  bool failed = false, blank = false, mirrored = false;
  std::optional<OcrResult> ocr;
};

struct Pdf {
  std::string path;
  std::atomic<size_t> failed_pages{0};
  std::vector<PdfPage> pages;
  bool damaged = false;
};

size_t Shown(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && (byte & 0xC0) != 0x80;
  }));
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
    throw Error(ErrorCategory::kLimit, "{} pages, and at most {} are read; raise max_pages or split it", pages,
                context.options.max_pages);
  }
  pdf.pages.resize(pages);
  ReadPageSizes(pdf, result.output);
}

RenderedPage InOrder(LayoutPage page) {
  RenderedPage content;
  JoinTouching(page);
  for (LayoutPage& upright : UprightPages(std::move(page))) {
    GatherTables(upright);
    SortForReading(upright);
    content.Append(RenderPage(upright), "\n\n");
  }
  return content;
}

// A page that shows its words from behind, as films and transfers do: poppler finds letters that run backwards.
bool Mirrored(const RenderedPage& content, const RenderedPage& turned) {
  return GuessLanguage(turned.text).share >= std::max(0.1, 2 * GuessLanguage(content.text).share);
}

void Take(PdfPage& page, LayoutPage layout) {
  RenderedPage turned;
  if (RunsBackwards(layout)) turned = InOrder(Unmirrored(layout));
  page.content = InOrder(std::move(layout));
  if (turned.text.empty() || !Mirrored(page.content, turned)) return;
  page.content = std::move(turned);
  page.mirrored = true;
}

// Pages [first, last), counted from 0. A page that breaks pdftotext is found by halving and marked.
void ReadTextLayer(Pdf& pdf, size_t first, size_t last, const ReadContext& context) {
  const ChildResult result = context.converters.TryRun(
      {"pdftotext", "-bbox-layout", "-f", std::to_string(first + 1), "-l", std::to_string(last), pdf.path, "-"},
      kLayoutBytes);
  if (result.ok()) {
    std::vector<LayoutPage> pages = ParsePopplerLayout(result.output);
    for (size_t i = 0; i < pages.size() && first + i < last; ++i) {
      PdfPage& page = pdf.pages[first + i];
      // Whether pdftotext states the size before or after /Rotate is not documented; pdfinfo's is before.
      pages[i].width = static_cast<float>(page.width);
      pages[i].height = static_cast<float>(page.height);
      Take(page, std::move(pages[i]));
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

void ReadSoftHyphens(Pdf& pdf, const ReadContext& context) {
  std::vector<size_t> wanted;
  for (size_t i = 0; i < pdf.pages.size(); ++i) {
    if (MayHoldSoftHyphens(pdf.pages[i].content.text)) wanted.push_back(i);
  }
  if (wanted.empty() || !HasWinAnsiFonts(context.converters.TryRun({"pdffonts", pdf.path}, 16 << 20).output)) return;
  // A program that draws them does so throughout: a few pages tell.
  const size_t first = std::min<size_t>(wanted.size(), 4);
  std::atomic<bool> any{false};
  const auto soften = [&](size_t begin, size_t end) {
    context.pool.ForEach(end - begin, [&](size_t i) {
      const std::string number = std::to_string(wanted[begin + i] + 1);
      const ChildResult result =
          context.converters.TryRun({"pdftops", "-f", number, "-l", number, pdf.path, "-"}, kPostScriptBytes);
      const SoftHyphens found = FindSoftHyphens(result.output);
      SoftenHyphens(pdf.pages[wanted[begin + i]].content.text, found);
      if (!found.empty()) any = true;
    });
  };
  soften(0, first);
  if (any) soften(first, wanted.size());
}

// How much of each page images cover, from `pdfimages -list`: sizes in pixels, and pixels an inch.
void MeasureImages(Pdf& pdf, const ReadContext& context) {
  const ChildResult result = context.converters.TryRun({"pdfimages", "-list", pdf.path}, 64 << 20);
  std::istringstream lines(result.output);
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    size_t page = 0;
    std::string skip, type;
    double width = 0, height = 0, x_ppi = 0, y_ppi = 0;
    if (!(fields >> page >> skip >> type >> width >> height)) continue;
    for (int i = 0; i < 7; ++i) fields >> skip;  // color comp bpc enc interp object ID
    if (!(fields >> x_ppi >> y_ppi) || page < 1 || page > pdf.pages.size() || x_ppi <= 0 || y_ppi <= 0) continue;
    PdfPage& target = pdf.pages[page - 1];
    target.image_share += (width / x_ppi * 72) * (height / y_ppi * 72) / (target.width * target.height);
  }
}

// Binary PGM images, one after the other, as pdftoppm writes them to stdout.
std::vector<bool> BlankImages(std::string_view pgm) {
  std::vector<bool> blank;
  while (pgm.starts_with("P5")) {
    int width = 0, height = 0, depth = 0, length = 0;
    const std::string head(pgm.substr(0, 64));
    if (std::sscanf(head.c_str(), "P5 %d %d %d%n", &width, &height, &depth, &length) != 3 || width <= 0 || height <= 0)
      break;
    pgm.remove_prefix(std::min<size_t>(static_cast<size_t>(length) + 1, pgm.size()));
    const std::string_view pixels = pgm.substr(0, static_cast<size_t>(width) * static_cast<size_t>(height));
    const auto [low, high] = std::minmax_element(pixels.begin(), pixels.end(), [](char a, char b) {
      return static_cast<unsigned char>(a) < static_cast<unsigned char>(b);
    });
    blank.push_back(pixels.empty() || static_cast<unsigned char>(*high) - static_cast<unsigned char>(*low) < 16);
    pgm.remove_prefix(pixels.size());
  }
  return blank;
}

// Marks which of the pages [first, last) show nothing at all, from a small picture of each.
void FindBlank(Pdf& pdf, size_t first, size_t last, const ReadContext& context) {
  const ChildResult result = context.converters.TryRun(
      {"pdftoppm", "-gray", "-scale-to", "400", "-f", std::to_string(first + 1), "-l", std::to_string(last), pdf.path},
      kImageBytes);
  if (!result.ok()) return;
  const std::vector<bool> blank = BlankImages(result.output);
  for (size_t i = 0; i < blank.size() && first + i < last; ++i) pdf.pages[first + i].blank = blank[i];
}

bool NeedsOcr(const PdfPage& page) {
  const size_t shown = Shown(page.content.text);
  if (page.failed || shown < kSparseCharacters) return true;
  if (shown < kThinCharacters && page.image_share > 0.6) return true;
  return LooksGarbled(page.content.text);
}

bool OcrIsBetter(const PdfPage& page, const OcrResult& ocr, const std::string& text) {
  const size_t shown = Shown(page.content.text), found = Shown(text);
  if (page.failed || shown < kSparseCharacters) return found > shown;
  if (LooksGarbled(page.content.text)) {
    return ocr.confidence > 60 && found * 2 > shown &&
           GuessLanguage(text).share > 2 * GuessLanguage(page.content.text).share;
  }
  return found > 2 * shown && ocr.confidence > 50;
}

void OcrPage(Pdf& pdf, size_t index, const ReadContext& context) {
  PdfPage& page = pdf.pages[index];
  const std::filesystem::path folder = context.work.NewFolder();
  const double inches = std::max(page.width, page.height) / 72;
  const double dpi = std::min<double>(context.options.ocr_dpi, kMaxPixels / inches);
  const std::string number = std::to_string(index + 1);
  context.converters.Run({"pdftoppm", "-gray", "-singlefile", "-r", fmt::format("{:.2f}", dpi), "-f", number, "-l",
                          number, pdf.path, (folder / "page").string()},
                         kImageBytes, folder);
  OcrResult ocr = RecogniseText(folder / "page.pgm", context);
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  if (ocr.pages.empty() || !OcrIsBetter(page, ocr, ocr.pages.front().text)) return;
  page.content = std::move(ocr.pages.front());
  page.failed = false;
  page.ocr = std::move(ocr);
}

std::vector<size_t> PagesForOcr(Pdf& pdf, const ReadContext& context) {
  const bool thin = std::any_of(pdf.pages.begin(), pdf.pages.end(), [](const PdfPage& page) {
    const size_t shown = Shown(page.content.text);
    return shown >= kSparseCharacters && shown < kThinCharacters;
  });
  if (thin) MeasureImages(pdf, context);
  std::vector<size_t> wanted;
  for (size_t i = 0; i < pdf.pages.size(); ++i) {
    if (NeedsOcr(pdf.pages[i])) wanted.push_back(i);
  }
  std::vector<std::pair<size_t, size_t>> runs;
  for (const size_t i : wanted) {
    if (!runs.empty() && runs.back().second == i && i - runs.back().first < kChunkPages) {
      ++runs.back().second;
    } else {
      runs.emplace_back(i, i + 1);
    }
  }
  context.pool.ForEach(runs.size(), [&](size_t r) { FindBlank(pdf, runs[r].first, runs[r].second, context); });
  std::erase_if(wanted, [&](size_t i) { return pdf.pages[i].blank; });
  return wanted;
}

// "3, 5 to 9, 12"; only so many, and then how many more.
std::string PageList(const std::vector<size_t>& pages) {
  std::string list;
  size_t shown = 0;
  for (size_t i = 0; i < pages.size();) {
    size_t end = i;
    while (end + 1 < pages.size() && pages[end + 1] == pages[end] + 1) ++end;
    if (++shown > 8) return list + fmt::format(" and {} more", pages.size() - i);
    if (!list.empty()) list += ", ";
    list += end == i ? fmt::format("{}", pages[i] + 1) : fmt::format("{} to {}", pages[i] + 1, pages[end] + 1);
    i = end + 1;
  }
  return list;
}

struct PageGroups {
  std::vector<size_t> ocr, blank, failed, unread, garbled, mirrored;
};

Document Assemble(const Source& source, const Pdf& pdf, PageGroups& groups, bool ocr_allowed) {
  Document document = NewDocument(source);
  document.pages = static_cast<uint32_t>(pdf.pages.size());
  document.laid_out = true;
  double confidence = 0;
  size_t words = 0;
  for (size_t i = 0; i < pdf.pages.size(); ++i) {
    const PdfPage& page = pdf.pages[i];
    AddPage(document, page.content, static_cast<uint32_t>(i));
    if (page.mirrored) groups.mirrored.push_back(i);
    if (page.ocr) {
      groups.ocr.push_back(i);
      confidence += page.ocr->confidence * static_cast<double>(page.ocr->words);
      words += page.ocr->words;
    } else if (page.failed) {
      groups.failed.push_back(i);
    } else if (page.blank) {
      groups.blank.push_back(i);
    } else if (Shown(page.content.text) < kSparseCharacters && !ocr_allowed) {
      groups.unread.push_back(i);
    } else if (LooksGarbled(page.content.text)) {
      groups.garbled.push_back(i);
    }
  }
  if (words > 0) document.ocr_confidence = confidence / static_cast<double>(words);
  const auto note = [&](const std::vector<size_t>& pages, std::string_view what) {
    if (!pages.empty()) document.notes.push_back(fmt::format("{} {}: {}", pages.size(), what, PageList(pages)));
  };
  note(groups.ocr, "pages read by OCR");
  note(groups.mirrored, "mirrored pages turned around");
  note(groups.failed, "pages that could not be read");
  note(groups.unread, "pages without text, not read because OCR is off");
  if (pdf.damaged) document.notes.emplace_back("damaged; poppler repaired what it could");
  if (!groups.garbled.empty() && groups.garbled.size() * 2 >= pdf.pages.size()) {
    document.suspicions.emplace_back("garbled_text_layer");
  }
  return document;
}

}  // namespace

void ReadPdf(const Source& source, const ReadContext& context, DocumentSink& sink) {
  Pdf pdf;
  pdf.path = source.blob.PathFor(context.work, "document.pdf").string();
  Open(pdf, context);
  const size_t chunks = (pdf.pages.size() + kChunkPages - 1) / kChunkPages;
  context.pool.ForEach(chunks, [&](size_t i) {
    ReadTextLayer(pdf, i * kChunkPages, std::min<size_t>((i + 1) * kChunkPages, pdf.pages.size()), context);
  });
  ReadSoftHyphens(pdf, context);
  std::vector<size_t> wanted = PagesForOcr(pdf, context);
  if (context.options.ocr) context.pool.ForEach(wanted.size(), [&](size_t i) { OcrPage(pdf, wanted[i], context); });

  PageGroups groups;
  Document document = Assemble(source, pdf, groups, context.options.ocr);
  if (Shown(document.text) == 0) {
    const std::string why = pdf.pages.empty()                          ? "it has no pages"
                            : groups.failed.size() == pdf.pages.size() ? "none of its pages could be read"
                            : groups.blank.size() == pdf.pages.size()
                                ? fmt::format("blank: {} pages that show nothing", pdf.pages.size())
                            : !context.options.ocr ? "its pages have no text layer, and OCR is off"
                                                   : fmt::format("{} pages, and OCR found no text", pdf.pages.size());
    sink.Drop(std::move(document), "no_text", why);
    return;
  }
  sink.Take(std::move(document));
}

}  // namespace sheepop
