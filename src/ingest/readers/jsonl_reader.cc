// JSON Lines: one document a line, from the field that holds the text. A bad line costs that line.

#include <fmt/core.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/sha256.h"
#include "base/shell_word.h"
#include "base/utf8.h"
#include "ingest/encoding.h"
#include "ingest/readers/reader.h"
#include "ingest/readers/record_fields.h"

namespace sheepop {
namespace {

namespace json = boost::json;

constexpr size_t kHeadBytes = 1 << 20;

class LineReader {
 public:
  LineReader(const Source& source, const ReadContext& context, DocumentSink& sink)
      : source_(source),
        options_(context.options),
        sink_(sink),
        field_(context.options.text_field),
        fields_(field_),
        encoding_(GuessEncoding(source.blob.Head(kHeadBytes))) {}

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
    std::string line = std::move(pending_);
    pending_.clear();
    if (too_long_) {
      too_long_ = false;
      Bad(fmt::format("line {} has more than {} bytes; raise --max-line-bytes", line_, options_.max_line_bytes));
      return;
    }
    if (line_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
    if (line.find_first_not_of(" \t\r") == std::string::npos) return;
    ReadLine(line);
  }

  void ReadLine(const std::string& line) {
    DecodedText decoded = Decode(line, encoding_);
    const uint64_t halves = ReplaceLoneSurrogates(decoded.text);
    boost::system::error_code fault;
    const json::value value = json::parse(decoded.text, fault, {}, {.max_depth = 64});
    if (fault) {
      Bad(fmt::format("line {} is no JSON: {}", line_, fault.message()));
      return;
    }
    const json::object* object = value.if_object();
    if (!object) {
      Bad(fmt::format("line {} is no object", line_));
      return;
    }
    const std::vector<std::string> names = fields_.MayBeLines() ? NamesOf(*object) : std::vector<std::string>();
    if (fields_.AreLines(names)) {
      Document document = Record();
      document.sha256 = Sha256Hex(line);
      document.notes = decoded.Notes();
      if (halves > 0) document.notes.push_back(LoneSurrogatesNote(halves));
      return TakeLines(*object, names, std::move(document));
    }
    if (field_.empty()) ChooseField(*object);
    const json::value* text = field_.empty() ? nullptr : object->if_contains(field_);
    if (!text) {
      Fieldless(*object);
      return;
    }
    if (!text->is_string()) {
      Bad(fmt::format("line {} has no text in its field `{}`", line_, field_));
      return;
    }
    Document document = Record();
    document.sha256 = Sha256Hex(line);
    document.notes = decoded.Notes();
    if (halves > 0) document.notes.push_back(LoneSurrogatesNote(halves));
    DecodedText whole = Decode({text->get_string().data(), text->get_string().size()}, "UTF-8");
    for (std::string& note : whole.Notes()) document.notes.push_back(std::move(note));
    document.text = std::move(whole.text);
    sink_.Take(std::move(document));
  }

  static std::vector<std::string> NamesOf(const json::object& object) {
    std::vector<std::string> names;
    for (const auto& entry : object) names.emplace_back(entry.key());
    return names;
  }

  void TakeLines(const json::object& object, const std::vector<std::string>& names, Document document) {
    const std::vector<size_t> places = fields_.In(names, false);
    if (places.empty()) return Fieldless(object);
    for (const size_t place : places) {
      const json::value& value = object.at(names[place]);
      if (value.is_null()) continue;
      const bool text = value.is_string();
      DecodedText whole = Decode(text ? std::string(value.get_string()) : json::serialize(value), "UTF-8");
      for (std::string& note : whole.Notes()) document.notes.push_back(std::move(note));
      AddField(ToValidUtf8(names[place]), whole.text, document.text);
    }
    sink_.Take(std::move(document));
  }

  // The first record that has text in one of these says which it is.
  void ChooseField(const json::object& object) {
    for (const char* name : {"text", "content"}) {
      const json::value* value = object.if_contains(name);
      if (value && value->is_string()) {
        field_ = name;
        return;
      }
    }
  }

  void Fieldless(const json::object& object) {
    const json::value* messages = object.if_contains("messages");
    if (messages && messages->is_array() && options_.text_field.empty()) {
      return sink_.Fail(Record(), kFieldStep,
                        fmt::format("line {} is a conversation, which a model learns as it is: sheepop train {} --from "
                                    "MODEL -o mine.gguf",
                                    line_, ShellWord(source_.name)),
                        false);
    }
    const RecordFields wanted(field_);
    sink_.Fail(Record(), kFieldStep, fmt::format("line {} {}", line_, wanted.Missing(NamesOf(object))), false);
  }

  Document Record() const {
    Document document = NewDocument(source_);
    document.member += fmt::format("#{}", line_);
    document.record = true;
    return document;
  }

  void Bad(std::string reason) { sink_.Fail(Record(), kReadStep, std::move(reason), false); }

  const Source& source_;
  const IngestOptions& options_;
  DocumentSink& sink_;
  std::string field_;
  RecordFields fields_;
  std::string encoding_, pending_;
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
