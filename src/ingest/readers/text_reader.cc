// Plain text, Markdown and source code, in any encoding and of any size: long ones become several documents.
#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "ingest/encoding.h"
#include "ingest/readers/reader.h"

namespace sheepop {
namespace {

bool IsAscii(std::string_view bytes) {
  return std::none_of(bytes.begin(), bytes.end(),
                      [](char c) { return static_cast<unsigned char>(c) >= 0x80 || c == 0; });
}

class TextSplitter {
 public:
  TextSplitter(const Source& source, const IngestOptions& options, DocumentSink& sink)
      : source_(source), options_(options), sink_(sink) {}

  void Add(std::string_view piece) {
    pending_.append(piece);
    while (pending_.size() >= options_.part_bytes) {
      const size_t cut = CutPoint();
      if (cut == 0) {
        if (pending_.size() > options_.max_line_bytes) {
          throw Error(ErrorCategory::kLimit,
                      "holds a line of more than {} bytes; raise --max-line-bytes, or it is no text",
                      options_.max_line_bytes);
        }
        return;
      }
      ++parts_;
      Emit(std::string_view(pending_).substr(0, cut));
      pending_.erase(0, cut);
    }
  }

  void Finish() {
    if (pending_.empty()) return;
    if (parts_ > 0) ++parts_;
    Emit(pending_);
  }

 private:
  // After a blank line in the last half of the part, else after any line; 0 when there is no line end.
  size_t CutPoint() {
    if (encoding_.empty() && !IsAscii(pending_)) encoding_ = GuessEncoding(pending_);
    if (IsWide(encoding_)) return WideCutPoint();
    const std::string_view window(pending_.data(), std::min<size_t>(pending_.size(), options_.part_bytes));
    const size_t blank = window.rfind("\n\n");
    if (blank != std::string_view::npos && blank > window.size() / 2) return blank + 2;
    const size_t line = window.rfind('\n');
    if (line != std::string_view::npos) return line + 1;
    const size_t later = pending_.find('\n', window.size());
    return later == std::string::npos ? 0 : later + 1;
  }

  size_t WideCutPoint() const {
    const size_t unit = encoding_.starts_with("UTF-16") ? 2 : 4;
    const size_t low = encoding_.ends_with("LE") ? 0 : unit - 1;
    for (size_t at = pending_.size() / unit * unit; at >= unit; at -= unit) {
      bool newline = true;
      for (size_t i = 0; i < unit; ++i) newline = newline && pending_[at - unit + i] == (i == low ? '\n' : '\0');
      if (newline) return at;
    }
    return 0;
  }

  void Emit(std::string_view bytes) {
    if (encoding_.empty() && !IsAscii(bytes)) encoding_ = GuessEncoding(bytes);
    DecodedText decoded = Decode(bytes, encoding_.empty() ? "UTF-8" : encoding_);
    Document document = NewDocument(source_);
    document.text = std::move(decoded.text);
    document.notes = decoded.Notes();
    if (parts_ > 0) {
      document.member += fmt::format("#part-{}", parts_);
      document.record = true;
    }
    sink_.Take(std::move(document));
  }

  const Source& source_;
  const IngestOptions& options_;
  DocumentSink& sink_;
  std::string pending_, encoding_;
  size_t parts_ = 0;
};

}  // namespace

void ReadText(const Source& source, const ReadContext& context, DocumentSink& sink) {
  TextSplitter splitter(source, context.options, sink);
  source.blob.ForEachPiece([&](std::string_view piece) {
    splitter.Add(piece);
    return true;
  });
  splitter.Finish();
}

}  // namespace sheepop
