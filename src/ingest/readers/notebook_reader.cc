// Jupyter notebooks (nbformat 4): prose and code of the cells; code between fences, what it printed left out.
#include <fmt/core.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/error.h"
#include "ingest/encoding.h"
#include "ingest/readers/html_markdown.h"
#include "ingest/readers/reader.h"

namespace sheepop {
namespace {

namespace json = boost::json;

constexpr uint64_t kNotebookBytes = 128 << 20;

const json::value* Find(const json::value& value, std::string_view key) {
  const json::object* object = value.if_object();
  return object ? object->if_contains(key) : nullptr;
}

std::string Text(const json::value* value) {
  if (!value) return "";
  if (const json::string* whole = value->if_string()) return std::string(*whole);
  std::string text;
  if (const json::array* lines = value->if_array()) {
    for (const json::value& line : *lines) {
      if (const json::string* part = line.if_string()) text.append(part->data(), part->size());
    }
  }
  return text;
}

std::string Language(const json::value& notebook) {
  const json::value* metadata = Find(notebook, "metadata");
  for (const auto& [group, key] : {std::pair("language_info", "name"), std::pair("kernelspec", "language")}) {
    const json::value* entry = metadata ? Find(*metadata, group) : nullptr;
    if (entry) {
      if (std::string name = Text(Find(*entry, key));
          !name.empty() && name.find_first_of("`\n\r ") == std::string::npos)
        return name;
    }
  }
  return "";
}

}  // namespace

void ReadNotebook(const Source& source, const ReadContext& context, DocumentSink& sink) {
  static_cast<void>(context);
  DecodedText decoded = ToUtf8(source.blob.ReadAll(kNotebookBytes));
  const uint64_t halves = ReplaceLoneSurrogates(decoded.text);
  boost::system::error_code fault;
  const json::value notebook = json::parse(decoded.text, fault, {}, {.max_depth = 128});
  const json::value* cells = fault ? nullptr : Find(notebook, "cells");
  if (!cells || !cells->is_array()) {
    throw Error(ErrorCategory::kCorrupt, "not a notebook: {}", fault ? fault.message() : "it has no list of cells");
  }
  Document document = NewDocument(source);
  document.notes = decoded.Notes();
  if (halves > 0) document.notes.push_back(LoneSurrogatesNote(halves));
  const std::string language = Language(notebook);
  size_t outputs = 0;
  for (const json::value& cell : cells->get_array()) {
    const std::string text = Text(Find(cell, "source"));
    if (const json::value* printed = Find(cell, "outputs"); printed && printed->is_array())
      outputs += printed->get_array().size();
    if (text.empty()) continue;
    const bool code = Text(Find(cell, "cell_type")) == "code";
    if (!document.text.empty()) document.text += "\n";
    const std::string fence = CodeFence(text);
    document.text += code ? fence + language + "\n" + text + "\n" + fence + "\n" : text + "\n";
  }
  if (outputs > 0) document.notes.push_back(fmt::format("{} outputs of cells left out", outputs));
  sink.Take(std::move(document));
}

}  // namespace sheepop
