// What the tests of ingest/ share: small inputs made on the spot, and a run over them.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/zstd_stream.h"
#include "ingest/ingest.h"
#include "testing/temporary_folder.h"

namespace sheepop::testing {

// A PDF of pages given as content streams, in Helvetica (or `font`) as /F1; `page` is added to each page's
// dictionary, `catalog` to the document's. `extra` objects are numbered from 3 + 2 * contents.size().
inline std::string MakePdf(const std::vector<std::string>& contents, std::string_view page = "",
                           std::string_view font = "", const std::vector<std::string>& extra = {},
                           std::string_view catalog = "") {
  std::vector<std::string> objects = {fmt::format("<< /Type /Catalog /Pages 2 0 R {} >>", catalog), ""};
  std::string kids;
  const std::string face = font.empty() ? "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>" : std::string(font);
  for (const std::string& content : contents) {
    const size_t number = objects.size() + 1;
    kids += fmt::format("{} 0 R ", number);
    objects.push_back(
        fmt::format("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] {} /Contents {} 0 R "
                    "/Resources << /Font << /F1 {} >> >> >>",
                    page, number + 1, face));
    objects.push_back(fmt::format("<< /Length {} >>\nstream\n{}\nendstream", content.size(), content));
  }
  objects.insert(objects.end(), extra.begin(), extra.end());
  objects[1] = fmt::format("<< /Type /Pages /Kids [{}] /Count {} >>", kids, contents.size());
  std::string pdf = "%PDF-1.4\n", table = fmt::format("xref\n0 {}\n0000000000 65535 f \n", objects.size() + 1);
  for (size_t i = 0; i < objects.size(); ++i) {
    table += fmt::format("{:010} 00000 n \n", pdf.size());
    pdf += fmt::format("{} 0 obj\n{}\nendobj\n", i + 1, objects[i]);
  }
  return pdf + table +
         fmt::format("trailer << /Root 1 0 R /Size {} >>\nstartxref\n{}\n%%EOF\n", objects.size() + 1, pdf.size());
}

// A content stream that shows lines from (x, y) downward.
inline std::string PdfLines(const std::vector<std::string>& lines, int x = 72, int y = 720, int size = 12) {
  std::string content = fmt::format("BT /F1 {} Tf {} {} Td {} TL\n", size, x, y, size + 2);
  for (const std::string& line : lines) content += fmt::format("({}) Tj T*\n", line);
  return content + "ET";
}

enum class Packing { kZip, kTar, kTarGz, kTarZst };

inline std::string MakeArchive(Packing packing, const std::vector<std::pair<std::string, std::string>>& members) {
  const TemporaryFolder folder;
  archive* out = archive_write_new();
  if (packing == Packing::kZip) archive_write_set_format_zip(out);
  if (packing != Packing::kZip) archive_write_set_format_pax_restricted(out);
  if (packing == Packing::kTarGz) archive_write_add_filter_gzip(out);
  if (packing == Packing::kTarZst) archive_write_add_filter_zstd(out);
  archive_write_open_filename(out, (folder / "a").c_str());
  for (const auto& [name, bytes] : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
    archive_write_header(out, entry);
    archive_write_data(out, bytes.data(), bytes.size());
    archive_entry_free(entry);
  }
  archive_write_close(out);
  archive_write_free(out);
  return ReadFile(folder / "a");
}

// A line of documents.jsonl.zst.
struct TakenDocument {
  std::string kind, programming_language, language;  // "" where the corpus has null
  uint64_t pages = 0;                                // likewise 0
  std::optional<double> ocr_confidence;
  std::string text;
};

inline TakenDocument ParseTaken(const boost::json::object& line) {
  const auto string = [&](std::string_view key) {
    const boost::json::value& value = line.at(key);
    return value.is_string() ? std::string(value.get_string()) : "";
  };
  TakenDocument document{string("kind"), string("programming_language"), string("language"), 0, {}, string("text")};
  if (line.at("pages").is_number()) document.pages = line.at("pages").to_number<uint64_t>();
  if (line.at("ocr_confidence").is_number()) document.ocr_confidence = line.at("ocr_confidence").to_number<double>();
  return document;
}

struct Corpus {
  IngestReport report;
  std::map<std::string, TakenDocument> documents;      // by source below the input folder
  std::map<std::string, boost::json::object> entries;  // of report.json, likewise

  const std::string& Text(const std::string& source) const {
    static const std::string none;
    const auto found = documents.find(source);
    EXPECT_TRUE(found != documents.end()) << source << ": " << Reason(source);
    return found == documents.end() ? none : found->second.text;
  }
  std::string Field(const std::string& source, std::string_view field) const {
    const auto found = entries.find(source);
    if (found == entries.end()) return "(no entry)";
    const boost::json::value* value = found->second.if_contains(field);
    return value && value->is_string() ? std::string(value->get_string()) : value ? boost::json::serialize(*value) : "";
  }
  std::string Fate(const std::string& source) const { return Field(source, "fate"); }
  std::string Reason(const std::string& source) const { return Field(source, "reason"); }
};

// Ingests `folder`/in into `folder`/out.
inline Corpus RunIngest(const std::filesystem::path& folder, IngestOptions options = {}) {
  if (options.inputs.empty()) options.inputs = {folder / "in"};
  if (options.output.empty()) options.output = folder / "out";
  Corpus corpus;
  corpus.report = Ingest(options);
  const std::string base = options.inputs.front().string() + "/";
  const auto relative = [&](std::string source) {
    return source.starts_with(base) ? source.substr(base.size()) : source;
  };
  ZstdReader reader(options.output / "documents.jsonl.zst");
  for (std::string line; reader.ReadLine(line);) {
    const boost::json::value document = boost::json::parse(line);
    corpus.documents[relative(std::string(document.at("source").as_string()))] = ParseTaken(document.as_object());
  }
  const boost::json::value report = boost::json::parse(ReadFile(options.output / "report.json"));
  for (const boost::json::value& entry : report.at("inputs").as_array()) {
    corpus.entries[relative(std::string(entry.at("source").as_string()))] = entry.as_object();
  }
  return corpus;
}

}  // namespace sheepop::testing
