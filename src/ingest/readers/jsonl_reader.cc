// JSON Lines: one document a line, from the field that holds the text. A bad line costs that line.
#include <boost/json.hpp>

#include "base/error.h"
#include "base/sha256.h"
#include "ingest/encoding.h"
#include "ingest/readers/reader.h"

namespace sheepop {
namespace {

namespace json = boost::json;

class LineReader {
 public:
  LineReader(const Source& source, const ReadContext& context, DocumentSink& sink)
      : source_(source), options_(context.options), sink_(sink), field_(context.options.text_field) {}

  void Add(std::string_view piece) {
    while (!piece.empty()) {
      const size_t end = piece.find('\n');
      const std::string_view part = piece.substr(0, end);
      if (pending_.size() + part.size() > options_.max_line_bytes) too_long_ = true;
      if (!too_long_) pending_.append(part);
      if (end == std::string_view::npos) return;
      EndLine();
      piece.remove_prefix(end + 1);
    }
  }

  void Finish() {
    if (!pending_.empty() || too_long_) EndLine();
  }

 private:
  void EndLine() {
    ++line_;
    std::string text = std::move(pending_);
    pending_.clear();
    if (too_long_) {
      too_long_ = false;
      Bad(fmt::format("line {} has more than {} bytes", line_, options_.max_line_bytes));
      return;
    }
    if (line_ == 1 && text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
    if (text.find_first_not_of(" \t\r") == std::string::npos) return;
    ReadLine(text);
  }

  void ReadLine(const std::string& line) {
    boost::system::error_code fault;
    const json::value value = json::parse(line, fault, {}, {.max_depth = 64});
    if (fault) {
      Bad(fmt::format("line {} is no JSON: {}", line_, fault.message()));
      return;
    }
    const json::object* object = value.if_object();
    if (!object) {
      Bad(fmt::format("line {} is no object", line_));
      return;
    }
    if (field_.empty()) ChooseField(*object);
    const json::value* text = object->if_contains(field_);
    if (!text || !text->is_string()) {
      Bad(fmt::format("line {} has no text in its field `{}`", line_, field_));
      return;
    }
    Document document = Record();
    document.sha256 = Sha256Hex(line);
    document.text = Decode({text->get_string().data(), text->get_string().size()}, "UTF-8").text;
    sink_.Take(std::move(document));
  }

  void ChooseField(const json::object& object) {
    for (const char* name : {"text", "content"}) {
      const json::value* value = object.if_contains(name);
      if (value && value->is_string()) {
        field_ = name;
        return;
      }
    }
    std::string names;
    for (const auto& entry : object) names += (names.empty() ? "" : ", ") + std::string(entry.key()).substr(0, 60);
    throw Error(ErrorCategory::kInvalidArgument,
                "its objects have no field `text`; name one of theirs as text_field: {}", names.substr(0, 400));
  }

  Document Record() const {
    Document document = NewDocument(source_);
    document.member += fmt::format("#{}", line_);
    document.record = true;
    return document;
  }

  void Bad(std::string reason) { sink_.Fail(Record(), std::move(reason), false); }

  const Source& source_;
  const IngestOptions& options_;
  DocumentSink& sink_;
  std::string field_, pending_;
  uint64_t line_ = 0;
  bool too_long_ = false;
};

}  // namespace

void ReadJsonl(const Source& source, const ReadContext& context, DocumentSink& sink) {
  LineReader reader(source, context, sink);
  source.blob.ForEachPiece([&](std::string_view piece) {
    reader.Add(piece);
    return true;
  });
  reader.Finish();
}

}  // namespace sheepop
