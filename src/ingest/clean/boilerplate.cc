// What e-book collections put around a book: licence texts before and after it, and notes of who typed it.
#include <algorithm>
#include <cctype>
#include <initializer_list>

#include "ingest/clean/steps.h"

namespace sheepop {
namespace {

constexpr size_t kFrontBytes = 32 << 10;  // a licence is some 20 KB
constexpr size_t kBackBytes = 40 << 10;
constexpr size_t kNoteBytes = 4 << 10;  // longer notes are part of the book

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

struct Span {
  size_t begin, end;
};

// Lines or paragraphs of `text`, without what separates them.
std::vector<Span> Split(std::string_view text, std::string_view separator) {
  std::vector<Span> spans;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(separator, at), text.size());
    if (end > at) spans.push_back({at, end});
    at = end + separator.size();
  }
  return spans;
}

bool HasOne(std::string_view text, std::initializer_list<std::string_view> phrases) {
  return std::any_of(phrases.begin(), phrases.end(),
                     [&](std::string_view p) { return text.find(p) != std::string_view::npos; });
}

bool StartsWithOne(std::string_view text, std::initializer_list<std::string_view> phrases) {
  return std::any_of(phrases.begin(), phrases.end(), [&](std::string_view p) { return text.starts_with(p); });
}

// The end of the collection's own front matter, or 0.
size_t FrontEnd(std::string_view text) {
  size_t end = 0;
  for (const Span& line : Split(text.substr(0, kFrontBytes), "\n")) {
    const std::string lower = Lower(text.substr(line.begin, std::min<size_t>(line.end - line.begin, 300)));
    const bool marker = HasOne(lower, {"start of the project gutenberg", "start of this project gutenberg",
                                       "*end*the small print", "*end the small print"});
    if (marker) end = line.end;
  }
  return end;
}

// The beginning of what the collection put after the book, or the text's size.
size_t BackBegin(std::string_view text) {
  const size_t window = text.size() - std::min(text.size(), kBackBytes);
  for (const Span& line : Split(text.substr(window), "\n")) {
    const std::string lower = Lower(text.substr(window + line.begin, std::min<size_t>(line.end - line.begin, 300)));
    const size_t first = lower.find_first_not_of("*# \t");
    const std::string_view start =
        first == std::string::npos ? std::string_view() : std::string_view(lower).substr(first);
    if (StartsWithOne(start, {"end of the project gutenberg", "end of this project gutenberg",
                              "end of project gutenberg", "start: full license"})) {
      return window + line.begin;
    }
  }
  return text.size();
}

// Notes of those who typed, scanned or proofread, at the beginning of a paragraph.
bool IsProducersNote(std::string_view paragraph) {
  if (paragraph.size() > kNoteBytes) return false;
  std::string lower = Lower(paragraph.substr(0, 400));
  std::ranges::replace(lower, '\n', ' ');
  const size_t first = lower.find_first_not_of("*[_ \t");
  if (first == std::string::npos) return false;
  const std::string_view start = std::string_view(lower).substr(first);
  if (StartsWithOne(
          start, {"e-text prepared by", "etext prepared by", "this etext was prepared by", "this ebook was produced by",
                  "this etext was produced by", "this etext was typed", "note: project gutenberg also has",
                  "the project gutenberg etext of", "project gutenberg etext of", "the project gutenberg ebook of",
                  "project gutenberg's etext", "transcriber's note", "transcriber\xE2\x80\x99s note",
                  "transcriber note", "transcribers' note", "transcribed from the"})) {
    return true;
  }
  if (paragraph.size() < 1000 && HasOne(lower, {"this etext was transcribed", "this ebook was transcribed"}))
    return true;
  // The checks of a collection's own tools, as its volunteers list them.
  if (paragraph.size() < 200 && HasOne(lower, {"gutcheck"})) return true;
  return start.starts_with("produced by ") &&
         (paragraph.size() < 400 || HasOne(lower, {"proofread", "internet archive", "gutenberg"}));
}

// A heading of such notes says nothing itself; the paragraphs up to the document's end belong to it.
bool IsNoteHeading(std::string_view paragraph) {
  std::string lower = Lower(paragraph.substr(0, 60));
  while (!lower.empty() && !std::isalpha(static_cast<unsigned char>(lower.back()))) lower.pop_back();
  const size_t first = lower.find_first_of("abcdefghijklmnopqrstuvwxyz");
  if (first == std::string::npos) return false;
  lower.erase(0, first);
  return lower == "transcriber's notes" || lower == "transcriber's note" || lower == "transcriber\xE2\x80\x99s notes" ||
         lower == "transcriber\xE2\x80\x99s note";
}

class Boilerplate : public CleanStep {
 public:
  std::string_view name() const override { return "boilerplate"; }

  CleanResult Apply(Document& document) const override {
    CleanResult result;
    if (IsCode(document) || document.kind == DocumentKind::kLatex) return result;
    const std::string_view text = document.text;
    const size_t front = FrontEnd(text), back = std::max(BackBegin(text), front);
    std::vector<Span> cuts;
    if (front > 0) cuts.push_back({0, front});
    AddNotes(text, {front, back}, cuts);
    if (back < text.size()) cuts.push_back({back, text.size()});
    if (cuts.empty()) return result;
    std::string out;
    size_t done = 0, removed = 0;
    for (const Span& cut : cuts) {
      if (cut.begin > done) out.append(text.substr(done, cut.begin - done));
      // The blank lines around a note go with it.
      while (!out.empty() && cut.begin > 0 && out.ends_with("\n\n")) out.pop_back();
      if (out.ends_with('\n') && text.substr(cut.end).starts_with("\n\n")) out.pop_back();
      done = std::max(done, cut.end);
      removed += cut.end - cut.begin;
      while (done < text.size() && text[done] == '\n' && out.empty()) ++done;
    }
    out.append(text.substr(done));
    result.changes = cuts.size();
    document.notes.push_back(Note(cuts.size(), removed));
    document.text = std::move(out);
    return result;
  }

 private:
  static std::string Note(size_t places, size_t bytes) {
    return "boilerplate: " + std::to_string(bytes) + " bytes in " + std::to_string(places) + " places left out";
  }

  static void AddNotes(std::string_view text, Span body, std::vector<Span>& cuts) {
    const std::vector<Span> paragraphs = Split(text.substr(body.begin, body.end - body.begin), "\n\n");
    bool notes_to_the_end = false;
    for (const Span& span : paragraphs) {
      const bool near_begin = span.begin < kFrontBytes, near_end = body.end - body.begin - span.end < kBackBytes;
      if (!near_begin && !near_end) continue;
      const std::string_view paragraph = text.substr(body.begin + span.begin, span.end - span.begin);
      const size_t left = body.end - body.begin - span.begin;
      notes_to_the_end = notes_to_the_end || (IsNoteHeading(paragraph) && left < kNoteBytes);
      if (notes_to_the_end || IsProducersNote(paragraph))
        cuts.push_back({body.begin + span.begin, body.begin + span.end});
    }
  }
};

}  // namespace

std::unique_ptr<CleanStep> MakeBoilerplate() { return std::make_unique<Boilerplate>(); }

}  // namespace sheepop
