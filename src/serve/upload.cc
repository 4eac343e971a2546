#include "serve/upload.h"

#include <fmt/core.h>
#include <unistd.h>

#include <boost/json/value.hpp>
#include <cstdlib>
#include <vector>

#include "base/child_process.h"
#include "base/error.h"
#include "base/file_writer.h"
#include "base/json.h"
#include "base/text_file.h"
#include "base/zstd_stream.h"
#include "ingest/blob.h"
#include "serve/api_error.h"

namespace sheepop {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr ChildLimits kLimits = {.cpu_seconds = 300, .wall_seconds = 600, .memory_bytes = uint64_t{4} << 30};

// A new folder that nobody else may enter; mkdtemp writes its name over the pattern's last letters.
fs::path MakePrivateFolder() {
  std::string name = (fs::temp_directory_path() / "sheepop-upload-XXXXXX").string();
  if (!mkdtemp(name.data())) throw SystemError("cannot make a folder for an upload", errno);
  return name;
}

// Letters and digits of the ending alone: nothing else of a stranger's name reaches the file system.
std::string SafeName(std::string_view name) {
  std::string safe = "document";
  const size_t dot = name.find_last_of('.');
  if (dot == std::string_view::npos || name.size() - dot > 12) return safe;
  for (const char c : name.substr(dot)) {
    if (c != '.' && !std::isalnum(static_cast<unsigned char>(c))) return safe;
  }
  return safe + std::string(name.substr(dot));
}

[[noreturn]] void Unreadable(std::string_view name, const std::string& why) {
  throw ApiError(
      {.status = 422, .code = "unreadable_document", .message = fmt::format("{} cannot be read: {}", name, why)});
}

// A client learns nothing of where things lie here.
std::string WithoutFolder(std::string text, const fs::path& folder) {
  const std::string path = folder.string() + "/";
  for (size_t at = 0; (at = text.find(path, at)) != std::string::npos;) text.erase(at, path.size());
  return text;
}

std::string TextOf(const fs::path& corpus, std::string_view name) {
  ZstdReader reader(corpus / "documents.jsonl.zst");
  std::string text;
  for (std::string line; reader.ReadLine(line);) {
    if (!text.empty()) text += "\n";
    text += ParseJsonObject(line, "a document of the corpus").at("text").as_string();
    if (text.size() <= kMostTextBytes) continue;
    throw ApiError(
        {.status = 413,
         .code = "too_large",
         .message = fmt::format("the text of {} has over {} bytes, which is the bound", name, kMostTextBytes)});
  }
  return text;
}

// What the report says that a reader of the text should know.
json::array NotesOf(const json::object& report) {
  json::array notes;
  for (const json::value& input : report.at("inputs").as_array()) {
    const json::object& entry = input.as_object();
    for (const std::string_view member : {"reason", "note"}) {
      const json::value* value = entry.if_contains(member);
      if (value && value->is_string()) notes.push_back(*value);
    }
    if (const json::value* several = entry.if_contains("notes"); several && several->is_array()) {
      for (const json::value& note : several->get_array()) notes.push_back(note);
    }
    const json::value* fidelity = entry.if_contains("fidelity");
    if (!fidelity || !fidelity->is_object()) continue;
    const json::value* missing = fidelity->get_object().if_contains("missing");
    if (missing && missing->is_int64() && missing->get_int64() > 0) {
      notes.push_back(json::value(fmt::format("{} words of the document are not in the text", missing->get_int64())));
    }
  }
  return notes;
}

std::string ReasonOf(const json::object& report) {
  for (const json::value& note : NotesOf(report)) {
    if (note.is_string()) return std::string(note.get_string());
  }
  return "it holds no text";
}

}  // namespace

json::object ReadUpload(const fs::path& program, std::string_view name, std::string_view bytes,
                        const std::function<bool()>& unwanted) {
  if (bytes.size() > kMostUploadBytes) {
    throw ApiError(
        {.status = 413,
         .code = "too_large",
         .message = fmt::format("{} has {} bytes, a document here {} at most", name, bytes.size(), kMostUploadBytes)});
  }
  const auto stop = [] {
    throw Error(ErrorCategory::kInterrupted, "the server is stopping; send the document again in a while");
  };
  if (unwanted()) stop();
  const fs::path folder = MakePrivateFolder();
  const WorkFolder removed_at_the_end(folder);
  const fs::path file = folder / SafeName(name), corpus = folder / "corpus";
  FileWriter writer(file);
  writer.Write(bytes);
  writer.Commit();
  const ChildResult child = RunChild({.arguments = {program.string(), "ingest", file.string(), "-o", corpus.string(),
                                                    "--markdown", "--no-plan", "--workers", "1", "--no-near-duplicates",
                                                    "--no-exact-duplicates", "--no-duplicate-paragraphs", "--json"},
                                      .folder = folder,
                                      .environment = {},
                                      .unwanted = unwanted},
                                     kLimits);
  if (child.outcome == ChildOutcome::kUnwanted) stop();
  if (child.outcome != ChildOutcome::kExited) Unreadable(name, "reading it took too long or too much memory");
  if (!fs::exists(corpus / "report.json")) Unreadable(name, WithoutFolder(child.errors, folder));
  const json::object report =
      ParseJsonObject(WithoutFolder(ReadTextFile(corpus / "report.json", "a report"), folder), "report.json");
  const json::object& totals = report.at("totals").as_object();
  if (totals.at("taken").as_int64() == 0) Unreadable(name, ReasonOf(report));
  const json::object& first = report.at("inputs").as_array().at(0).as_object();
  const json::value* kind = first.if_contains("kind");
  return {{"text", TextOf(corpus, name)},
          {"format", kind ? *kind : json::value("")},
          {"taken", fmt::format("{} characters, about {} tokens", totals.at("characters").as_int64(),
                                totals.at("estimated_tokens").as_int64())},
          {"notes", NotesOf(report)}};
}

}  // namespace sheepop
