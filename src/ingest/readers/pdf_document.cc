#include "ingest/readers/pdf_document.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace sheepop {
namespace {

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

void Sort(const PdfPage& page, size_t i, PageGroups& groups) {
  if (page.mirrored) groups.mirrored.push_back(i);
  if (page.ocr) {
    groups.ocr.push_back(i);
  } else if (page.added.words > 0) {
    groups.added.push_back(i);
  } else if (page.failed) {
    groups.failed.push_back(i);
  } else if (page.blank) {
    groups.blank.push_back(i);
  } else if (page.garble) {
    (page.garble.certain ? groups.left_out : groups.garbled).push_back(i);
  } else if (page.unread) {
    (page.pictured ? groups.pictures : groups.unread).push_back(i);
  }
}

void AddNotes(Document& document, const Pdf& pdf, const PageGroups& groups) {
  const auto note = [&](const std::vector<size_t>& pages, std::string_view what) {
    if (!pages.empty()) document.notes.push_back(fmt::format("{} {}: {}", pages.size(), what, PageList(pages)));
  };
  const std::string why = pdf.missing.empty() ? "OCR is off" : fmt::format("OCR {}", pdf.missing);
  note(groups.ocr, "pages read by OCR");
  note(groups.added, "pages with pictures whose words OCR added");
  note(groups.mirrored, "mirrored pages turned around");
  note(pdf.unchecked, fmt::format("pages not compared with their picture because OCR {}", pdf.missing));
  note(groups.failed, "pages that could not be read");
  note(groups.unread, fmt::format("pages without text, not read because {}", why));
  note(groups.pictures, fmt::format("pages with pictures that were not read because {}", why));
  for (size_t first = 0; first < groups.left_out.size();) {
    const std::string_view sign = pdf.pages[groups.left_out[first]].garble.sign;
    std::vector<size_t> alike;
    for (; first < groups.left_out.size() && pdf.pages[groups.left_out[first]].garble.sign == sign; ++first) {
      alike.push_back(groups.left_out[first]);
    }
    note(alike, fmt::format("pages left out, whose text layer is nonsense ({})", sign));
  }
  if (!pdf.attachments.empty()) {
    std::string names;
    for (size_t i = 0; i < std::min<size_t>(pdf.attachments.size(), 8); ++i) {
      names += fmt::format("{}\"{}\"", i > 0 ? ", " : "", pdf.attachments[i]);
    }
    if (pdf.attachments.size() > 8) names += fmt::format(" and {} more", pdf.attachments.size() - 8);
    document.notes.push_back(
        fmt::format("{} attachments not read (`pdfdetach -saveall` writes them): {}", pdf.attachments.size(), names));
  }
  if (pdf.xfa) {
    document.notes.emplace_back(
        "an XFA form, whose pages poppler does not make; print it to a PDF in a program that shows it");
  }
  if (pdf.damaged) document.notes.emplace_back("damaged; poppler repaired what it could");
}

}  // namespace

Document AssemblePdf(const Source& source, const Pdf& pdf, PageGroups& groups) {
  Document document = NewDocument(source);
  document.pages = static_cast<uint32_t>(pdf.pages.size());
  document.laid_out = true;
  document.checked = pdf.checked;
  double confidence = 0;
  size_t words = 0;
  for (size_t i = 0; i < pdf.pages.size(); ++i) {
    const PdfPage& page = pdf.pages[i];
    AddPage(document, page.garble.certain ? RenderedPage() : page.content, static_cast<uint32_t>(i));
    Sort(page, i, groups);
    const AddedWords read = page.ocr ? AddedWords{page.ocr->words, page.ocr->confidence} : page.added;
    confidence += read.confidence * static_cast<double>(read.words);
    words += read.words;
  }
  if (words > 0) document.ocr_confidence = confidence / static_cast<double>(words);
  AddNotes(document, pdf, groups);
  if (groups.left_out.size() + groups.garbled.size() > 0 &&
      (groups.left_out.size() + groups.garbled.size()) * 2 >= pdf.pages.size()) {
    document.suspicions.emplace_back("garbled_text_layer");
  }
  return document;
}

std::string WhyPdfIsEmpty(const Pdf& pdf, const PageGroups& groups, bool ocr) {
  const size_t pages = pdf.pages.size();
  if (pages == 0) return "it has no pages";
  if (groups.failed.size() == pages) return "none of its pages could be read";
  if (groups.blank.size() == pages) return fmt::format("blank: {} pages that show nothing", pages);
  if (!groups.left_out.empty()) {
    return fmt::format("its text layer is nonsense ({}), and OCR {}", pdf.pages[groups.left_out.front()].garble.sign,
                       ocr ? "found no better" : "is off");
  }
  if (!ocr) return "its pages have no text layer, and OCR is off";
  return fmt::format("{} pages, and OCR found no text", pages);
}

}  // namespace sheepop
