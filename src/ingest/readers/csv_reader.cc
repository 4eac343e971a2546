// CSV (RFC 4180, with any of , ; tab | between fields): one document a row, from the field that holds the text.
#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/sha256.h"
#include "ingest/encoding.h"
#include "ingest/readers/reader.h"
#include "ingest/readers/record_fields.h"

namespace sheepop {
namespace {

constexpr size_t kHeadBytes = 1 << 20;
constexpr uint64_t kWideBytes = 256 << 20;

// Splits a stream of bytes into rows. Quoted fields may hold separators, line ends and doubled quotes.
class CsvParser {
 public:
  CsvParser(char separator, uint64_t max_row_bytes) : separator_(separator), max_row_bytes_(max_row_bytes) {}

  // Calls row(fields, line) for each row that ends in `piece`; `line` is where it began, from 1.
  template <typename Row>
  void Add(std::string_view piece, Row& row) {
    for (const char c : piece) Step(c, row);
  }

  template <typename Row>
  void Finish(Row& row) {
    if (quoted_) throw Error(ErrorCategory::kCorrupt, "line {}: a quotation mark is never closed", row_line_);
    if (!field_.empty() || !fields_.empty()) EndRow(row);
  }

 private:
  template <typename Row>
  void Step(char c, Row& row) {
    if (++row_bytes_ > max_row_bytes_) {
      throw Error(ErrorCategory::kLimit,
                  "line {}: a row of more than {} bytes (a quotation mark that is never closed?)", row_line_,
                  max_row_bytes_);
    }
    line_ += c == '\n';
    if (quoted_ && c == '"') {
      quoted_ = false;
      closed_ = true;
      return;
    }
    if (!quoted_ && c == '"' && (field_.empty() || closed_)) {
      if (closed_) field_.push_back('"');  // "" inside quotes
      quoted_ = true;
      closed_ = false;
      return;
    }
    closed_ = false;
    if (quoted_ || (c != separator_ && c != '\n' && c != '\r')) {
      field_.push_back(c);
    } else if (c == separator_) {
      fields_.push_back(std::move(field_));
      field_.clear();
    } else if (c == '\n') {
      EndRow(row);
    }
  }

  template <typename Row>
  void EndRow(Row& row) {
    fields_.push_back(std::move(field_));
    field_.clear();
    row(fields_, row_line_);
    fields_.clear();
    closed_ = false;
    row_bytes_ = 0;
    row_line_ = line_;
  }

  char separator_;
  uint64_t max_row_bytes_, row_bytes_ = 0, line_ = 1, row_line_ = 1;
  std::vector<std::string> fields_;
  std::string field_;
  bool quoted_ = false, closed_ = false;
};

char GuessSeparator(std::string_view head) {
  const std::string_view line = head.substr(0, head.find('\n'));
  constexpr std::array kSeparators = {',', ';', '\t', '|'};
  return *std::max_element(kSeparators.begin(), kSeparators.end(), [&](char a, char b) {
    return std::count(line.begin(), line.end(), a) < std::count(line.begin(), line.end(), b);
  });
}

class RowReader {
 public:
  RowReader(const Source& source, const ReadContext& context, DocumentSink& sink, std::string encoding)
      : source_(source), wanted_(context.options.text_field), sink_(sink), encoding_(std::move(encoding)) {}

  void operator()(const std::vector<std::string>& fields, uint64_t line) {
    if (fieldless_ || (fields.size() == 1 && fields[0].empty())) return;
    if (header_ == 0) {
      ReadHeader(fields);
      return;
    }
    Document document = NewDocument(source_);
    document.member += fmt::format("#{}", line);
    document.record = true;
    if (fields.size() != header_) {
      sink_.Fail(std::move(document), kReadStep,
                 fmt::format("line {} has {} fields, the heading has {}", line, fields.size(), header_), false);
      return;
    }
    if (lines_) {
      TakeLines(fields, document);
    } else {
      document.sha256 = Sha256Hex(fields[columns_.front()]);
      DecodedText decoded = Decode(fields[columns_.front()], encoding_);
      document.notes = decoded.Notes();
      document.text = std::move(decoded.text);
    }
    sink_.Take(std::move(document));
  }

 private:
  void TakeLines(const std::vector<std::string>& fields, Document& document) const {
    for (const size_t column : columns_) {
      DecodedText decoded = Decode(fields[column], encoding_);
      for (std::string& note : decoded.Notes()) document.notes.push_back(std::move(note));
      AddField(names_[column], decoded.text, document.text);
    }
    document.sha256 = Sha256Hex(document.text);
  }

  void ReadHeader(const std::vector<std::string>& fields) {
    header_ = fields.size();
    for (const std::string& field : fields) names_.push_back(Decode(field, encoding_).text);
    columns_ = wanted_.In(names_, true);
    lines_ = wanted_.AreLines(names_);
    fieldless_ = columns_.empty();
    if (fieldless_) sink_.Fail(NewDocument(source_), kFieldStep, wanted_.Missing(names_), false);
  }

  const Source& source_;
  RecordFields wanted_;
  DocumentSink& sink_;
  std::string encoding_;
  size_t header_ = 0;
  std::vector<std::string> names_;  // of the heading
  std::vector<size_t> columns_;     // that hold the text
  bool lines_ = false;              // of which each is a line
  bool fieldless_ = false;          // the heading lacks the field, and that was said
};

}  // namespace

void ReadCsv(const Source& source, const ReadContext& context, DocumentSink& sink) {
  const std::string head = source.blob.Head(kHeadBytes);
  std::string encoding = GuessEncoding(head);
  const bool wide = encoding.starts_with("UTF-16") || encoding.starts_with("UTF-32");
  const std::string all = wide ? Decode(source.blob.ReadAll(kWideBytes), encoding).text : "";
  if (wide) encoding = "UTF-8";
  CsvParser parser(GuessSeparator(wide ? std::string_view(all).substr(0, kHeadBytes) : head),
                   context.options.max_line_bytes);
  RowReader row(source, context, sink, encoding);
  if (wide) {
    parser.Add(all, row);
  } else {
    bool first = true;
    source.blob.ForEachPiece([&](std::string_view piece) {
      if (first && piece.starts_with("\xEF\xBB\xBF")) piece.remove_prefix(3);
      first = false;
      parser.Add(piece, row);
      return true;
    });
  }
  parser.Finish(row);
}

}  // namespace sheepop
