#include "ingest/document.h"

#include <algorithm>

namespace sheepop {

std::string_view Name(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::kText: return "text";
    case DocumentKind::kMarkdown: return "markdown";
    case DocumentKind::kCode: return "code";
    case DocumentKind::kHtml: return "html";
    case DocumentKind::kPdf: return "pdf";
    case DocumentKind::kImage: return "image";
    case DocumentKind::kDocx: return "docx";
    case DocumentKind::kOdt: return "odt";
    case DocumentKind::kEpub: return "epub";
    case DocumentKind::kRtf: return "rtf";
    case DocumentKind::kLatex: return "latex";
    case DocumentKind::kNotebook: return "notebook";
    case DocumentKind::kCsv: return "csv";
    case DocumentKind::kJsonl: return "jsonl";
    case DocumentKind::kArchive: return "archive";
    case DocumentKind::kCompressed: return "compressed";
    case DocumentKind::kUnsupported: return "unsupported";
  }
  return "unsupported";
}

std::string_view Name(DocumentFate fate) {
  switch (fate) {
    case DocumentFate::kTaken: return "taken";
    case DocumentFate::kDropped: return "dropped";
    case DocumentFate::kFailed: return "failed";
  }
  return "failed";
}

bool IsCode(const Document& document) {
  return document.kind == DocumentKind::kCode || document.kind == DocumentKind::kNotebook;
}

uint64_t CountCharacters(std::string_view utf8) {
  return static_cast<uint64_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace sheepop
