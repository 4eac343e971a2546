#include "ingest/view_page.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>

namespace sheepop {
namespace {

using State = ViewPiece::State;

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{}</title>
<style>
  :root {{ color-scheme: light dark; --rule: #8884; --gone: #c62828; --new: #2e7d32; --read: #f9a82544; }}
  body {{ font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 100rem; padding: 1rem; }}
  h1 {{ font-size: 1.3rem; overflow-wrap: anywhere; }}
  h2 {{ font-size: 1rem; margin: 0 0 .5rem; grid-column: 1 / -1; }}
  section {{ border-top: 1px solid var(--rule); display: grid; gap: 1.5rem; grid-template-columns: 1fr 1fr; padding: 1rem 0; }}
  section.plain {{ grid-template-columns: minmax(0, 50rem); }}
  @media (max-width: 50rem) {{ section {{ grid-template-columns: 1fr; }} }}
  img {{ border: 1px solid var(--rule); box-sizing: border-box; width: 100%; }}
  .text {{ margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }}
  del {{ color: var(--gone); }}
  del.joined {{ font-weight: bold; text-decoration: none; }}
  ins {{ color: var(--new); }}
  mark {{ background: var(--read); color: inherit; }}
  dl {{ display: grid; gap: 0 1rem; grid-template-columns: max-content 1fr; }}
  dt {{ opacity: .7; }}
  dd {{ margin: 0; overflow-wrap: anywhere; }}
</style>
)";

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += IsLayoutMark(c) ? '\n' : static_cast<unsigned char>(c) < 0x20 && c != '\t' ? ' ' : c;
    }
  }
  return out;
}

std::string Base64(std::string_view bytes) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i) {
      group = group << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    }
    for (size_t i = 0; i < 4; ++i) {
      out += at + i <= bytes.size() ? kDigits[group >> (18 - 6 * i) & 63] : '=';
    }
  }
  return out;
}

bool IsBlank(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20; });
}

// What was removed or added without anything to see: line ends that became spaces, and the like.
bool Shows(const ViewPiece& piece) { return piece.step == "hyphenation" || !IsBlank(piece.text); }

std::string Marked(const ViewPiece& piece) {
  const std::string text = Escaped(piece.text);
  if (piece.state == State::kAdded) {
    return Shows(piece) ? fmt::format("<ins title=\"added by {}\">{}</ins>", piece.step, text) : text;
  }
  const std::string read =
      piece.confidence >= 0 ? fmt::format("read by OCR, {:.0f} of 100 sure", piece.confidence) : "";
  if (piece.state == State::kKept) {
    return read.empty() || IsBlank(piece.text) ? text : fmt::format("<mark title=\"{}\">{}</mark>", read, text);
  }
  if (!Shows(piece)) return "";
  if (piece.step == "hyphenation") {
    std::string hyphen;  // the line's end itself is shown as a stroke
    for (const char c : text) hyphen += c == '\n' ? "|" : std::string(1, c);
    return fmt::format("<del class=\"joined\" title=\"joined over a line's end\">{}</del>", hyphen);
  }
  return fmt::format("<del title=\"removed by {}{}{}\">{}</del>", piece.step, read.empty() ? "" : ", ", read, text);
}

void AddRow(std::string& out, std::string_view name, std::string_view text) {
  if (!text.empty()) out += fmt::format("<dt>{}</dt><dd>{}</dd>\n", name, Escaped(text));
}

// What the marks mean, and how many there are on the pages shown.
std::string Legend(const DocumentView& view) {
  struct Count {
    size_t places = 0, characters = 0;
  };
  std::map<std::string, Count> removed, added;
  Count read;
  size_t joined = 0;
  for (const ViewPiece& piece : view.pieces) {
    const auto add = [&](Count& count) {
      ++count.places;
      count.characters += CountCharacters(piece.text);
    };
    if (piece.state == State::kKept && piece.confidence >= 0 && !IsBlank(piece.text)) add(read);
    if (piece.state == State::kKept || !Shows(piece)) continue;
    if (piece.step == "hyphenation") {
      joined += piece.state == State::kRemoved;
    } else {
      add((piece.state == State::kRemoved ? removed : added)[piece.step]);
    }
  }
  std::string out;
  const auto row = [&](std::string_view sample, std::string_view what, const Count& count) {
    out += fmt::format("<dt>{}</dt><dd>{}: {} characters in {} places</dd>\n", sample, what, count.characters,
                       count.places);
  };
  for (const auto& [step, count] : removed) row("<del>removed</del>", "by " + step, count);
  if (joined > 0) {
    out += fmt::format("<dt><del class=\"joined\">-|</del></dt><dd>joined over a line's end: {} places</dd>\n", joined);
  }
  for (const auto& [step, count] : added) row("<ins>added</ins>", "by " + step, count);
  if (read.places > 0) row("<mark>read by OCR</mark>", "how sure it is stands at each line", read);
  return out;
}

std::string Facts(const DocumentView& view) {
  const Document& d = view.document;
  std::string out = "<dl>\n";
  AddRow(out, "kind", Name(d.kind));
  AddRow(out, "language", d.language);
  if (d.pages > 0) {
    AddRow(out, "pages", fmt::format("{} to {} of {}", view.first_page + 1, view.last_page, d.pages));
  }
  if (d.ocr_confidence) AddRow(out, "OCR", fmt::format("{:.1f} of 100 sure", *d.ocr_confidence));
  if (d.fidelity) {
    AddRow(out, "words",
           fmt::format("{} in the source, {} missing, {} added", d.fidelity->words, d.fidelity->missing,
                       d.fidelity->added));
  }
  for (const std::string& note : d.notes) AddRow(out, "note", note);
  for (const std::string& doubt : d.suspicions) AddRow(out, "doubt", doubt);
  return out + Legend(view) + "</dl>\n";
}

std::string Picture(const PagePicture& picture) {
  if (picture.bytes.empty()) return fmt::format("<p>No picture: {}.</p>\n", Escaped(picture.missing));
  return fmt::format("<div><img alt=\"\" src=\"data:{};base64,{}\"></div>\n", picture.type, Base64(picture.bytes));
}

}  // namespace

std::string ViewPage(const DocumentView& view, const std::string& source) {
  std::string out = fmt::format(kHead, Escaped(source));
  out += fmt::format("<h1>{}</h1>\n{}", Escaped(source), Facts(view));
  auto piece = view.pieces.begin();
  const bool pages = view.document.pages > 0;
  for (uint32_t page = view.first_page; page < view.last_page; ++page) {
    out += view.pictures.empty() ? "<section class=\"plain\">\n" : "<section>\n";
    if (pages) out += fmt::format("<h2>Page {}</h2>\n", page + 1);
    if (!view.pictures.empty()) out += Picture(view.pictures[page - view.first_page]);
    out += "<div class=\"text\">";
    for (; piece != view.pieces.end() && piece->page == page; ++piece) out += Marked(*piece);
    out += "</div>\n</section>\n";
  }
  return out;
}

}  // namespace sheepop
