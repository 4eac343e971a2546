#include "ingest/part_store.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "base/sha256.h"
#include "base/utf8.h"

namespace sheepop {
namespace {

namespace json = boost::json;

// Changes with the format below and with everything that reads or cleans: an older part is then read again.
constexpr std::string_view kFormat = "sheepop part 7";
constexpr int kLevel = 3;

constexpr uint32_t kTrailerMagic = 0x54525350;

struct PrintHeader {
  uint64_t exact[2];
  uint32_t comparable, paragraphs, runs, unused;
  uint32_t bands[kDocumentBands];
};

struct PrintTrailer {
  uint32_t magic, unused;
  uint64_t records_bytes, count;
};

std::filesystem::path PrintsOf(std::filesystem::path path) {
  path += ".prints";
  return path;
}

json::array Strings(const std::vector<std::string>& values) {
  json::array array;
  for (const std::string& value : values) array.emplace_back(value);
  return array;
}

json::object ToJson(const Fidelity& fidelity) {
  return {{"words", fidelity.words},
          {"missing", fidelity.missing},
          {"added", fidelity.added},
          {"missing_words", Strings(fidelity.missing_words)},
          {"added_words", Strings(fidelity.added_words)}};
}

json::object Header(const PartRecord& record) {
  const Document& d = record.document;
  json::object changes;
  for (const auto& [step, count] : record.changes) changes[step] = count;
  json::object header{{"member", d.member},
                      {"sha256", d.sha256},
                      {"kind", static_cast<int>(d.kind)},
                      {"programming_language", d.programming_language},
                      {"language", d.language},
                      {"license", d.license},
                      {"pages", d.pages},
                      {"record", d.record},
                      {"notes", Strings(d.notes)},
                      {"suspicions", Strings(d.suspicions)},
                      {"fate", static_cast<int>(record.fate)},
                      {"step", record.step},
                      {"reason", record.reason},
                      {"changes", std::move(changes)}};
  if (d.ocr_confidence) header["ocr_confidence"] = *d.ocr_confidence;
  if (d.fidelity) header["fidelity"] = ToJson(*d.fidelity);
  json::array checked;
  for (const PageFidelity& page : d.checked) {
    checked.push_back(
        json::object{{"page", page.page}, {"confidence", page.confidence}, {"words", ToJson(page.words)}});
  }
  header["checked"] = std::move(checked);
  return header;
}

std::string String(const json::value& value) { return std::string(value.as_string()); }

std::vector<std::string> StringList(const json::value& value) {
  std::vector<std::string> strings;
  for (const json::value& entry : value.as_array()) strings.push_back(String(entry));
  return strings;
}

Fidelity FidelityFrom(const json::value& value) {
  return {value.at("words").to_number<uint64_t>(), value.at("missing").to_number<uint64_t>(),
          value.at("added").to_number<uint64_t>(), StringList(value.at("missing_words")),
          StringList(value.at("added_words"))};
}

PartRecord FromHeader(const json::object& header) {
  PartRecord record;
  Document& d = record.document;
  d.member = String(header.at("member"));
  d.sha256 = String(header.at("sha256"));
  d.kind = static_cast<DocumentKind>(header.at("kind").to_number<int>());
  d.programming_language = String(header.at("programming_language"));
  d.language = String(header.at("language"));
  d.license = String(header.at("license"));
  d.pages = header.at("pages").to_number<uint32_t>();
  d.record = header.at("record").as_bool();
  d.notes = StringList(header.at("notes"));
  d.suspicions = StringList(header.at("suspicions"));
  if (const json::value* confidence = header.if_contains("ocr_confidence"))
    d.ocr_confidence = confidence->to_number<double>();
  if (const json::value* fidelity = header.if_contains("fidelity")) {
    d.fidelity = FidelityFrom(*fidelity);
  }
  for (const json::value& page : header.at("checked").as_array()) {
    d.checked.push_back({page.at("page").to_number<uint32_t>(), page.at("confidence").to_number<double>(),
                         FidelityFrom(page.at("words"))});
  }
  record.fate = static_cast<DocumentFate>(header.at("fate").to_number<int>());
  record.step = String(header.at("step"));
  record.reason = String(header.at("reason"));
  for (const auto& entry : header.at("changes").as_object()) {
    record.changes[std::string(entry.key())] = entry.value().to_number<uint64_t>();
  }
  return record;
}

template <typename Number>
void AppendRaw(std::string& out, const Number& number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

void WriteAll(std::FILE* file, std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size())
    throw SystemError("cannot write the cache", errno);
}

}  // namespace

std::string DisplayName(std::string_view raw) {
  std::string name;
  while (!raw.empty()) {
    const Utf8Step step = DecodeUtf8(raw);
    const char c = raw.front();
    if (!step.valid) {
      for (size_t i = 0; i < step.length; ++i) name += fmt::format("\\x{:02X}", static_cast<unsigned char>(raw[i]));
    } else if (c == '\\') {
      name += "\\\\";
    } else if (c == '\n') {
      name += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      name += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    } else {
      name.append(raw.substr(0, step.length));
    }
    raw.remove_prefix(step.length);
  }
  return name;
}

PartWriter::PartWriter(std::filesystem::path path, std::filesystem::path temporary)
    : path_(std::move(path)), temporary_(std::move(temporary)) {
  records_file_.reset(std::fopen(temporary_.c_str(), "wbe"));
  prints_file_.reset(std::fopen(PrintsOf(temporary_).c_str(), "wbe"));
  if (!records_file_ || !prints_file_) throw SystemError(fmt::format("cannot write {}", temporary_.string()), errno);
  records_ = std::make_unique<ZstdWriter>(
      [this](std::string_view bytes) {
        WriteAll(records_file_.get(), bytes);
        records_bytes_ += bytes.size();
      },
      kLevel, false);
}

PartWriter::~PartWriter() {
  ::unlink(temporary_.c_str());
  ::unlink(PrintsOf(temporary_).c_str());
}

void PartWriter::Add(const PartRecord& record, const Fingerprint* print) {
  const std::string header = json::serialize(Header(record));
  std::string sizes;
  AppendRaw(sizes, static_cast<uint64_t>(header.size()));
  AppendRaw(sizes, static_cast<uint64_t>(record.document.text.size()));
  records_->Write(sizes);
  records_->Write(header);
  records_->Write(record.document.text);
  ++count_;
  if (!print) return;
  PrintHeader fixed{{print->exact[0], print->exact[1]},
                    print->comparable,
                    static_cast<uint32_t>(print->paragraphs.size()),
                    static_cast<uint32_t>(print->runs.size()),
                    0,
                    {}};
  std::copy(print->bands.begin(), print->bands.end(), fixed.bands);
  std::string bytes;
  AppendRaw(bytes, fixed);
  for (const ParagraphPrint& paragraph : print->paragraphs) AppendRaw(bytes, paragraph);
  for (const WordRun& run : print->runs) AppendRaw(bytes, run);
  WriteAll(prints_file_.get(), bytes);
}

// Not synced to the disk: a part that a power cut damaged has the wrong size and is read again, and syncing each of a
// million small files would take hours. The prints come last, because Has looks at them.
void PartWriter::Commit() {
  records_->Finish();
  std::string trailer;
  AppendRaw(trailer, PrintTrailer{kTrailerMagic, 0, records_bytes_, count_});
  WriteAll(prints_file_.get(), trailer);
  if (std::fclose(records_file_.release()) != 0 || std::fclose(prints_file_.release()) != 0) {
    throw SystemError("cannot write the cache", errno);
  }
  std::filesystem::create_directories(path_.parent_path());
  std::filesystem::rename(temporary_, path_);
  std::filesystem::rename(PrintsOf(temporary_), PrintsOf(path_));
}

std::filesystem::path PartWriter::CommitAside(WorkFolder& work) {
  path_ = work.NewPath("aside");
  Commit();
  return path_;
}

bool PartReader::Next(PartRecord& record) {
  if (!stream_.Read(buffer_, 16)) return false;
  uint64_t header_bytes = 0, text_bytes = 0;
  std::memcpy(&header_bytes, buffer_.data(), 8);
  std::memcpy(&text_bytes, buffer_.data() + 8, 8);
  stream_.Read(buffer_, header_bytes);
  record = FromHeader(json::parse(buffer_).as_object());
  stream_.Read(record.document.text, text_bytes);
  return true;
}

PrintReader::PrintReader(const std::filesystem::path& path) : file_(std::fopen(PrintsOf(path).c_str(), "rbe")) {
  if (!file_) throw SystemError(fmt::format("cannot read {}", PrintsOf(path).string()), errno);
  const uint64_t size = std::filesystem::file_size(PrintsOf(path));
  left_ = size - std::min<uint64_t>(size, sizeof(PrintTrailer));
}

bool PrintReader::Next(Fingerprint& print) {
  PrintHeader fixed;
  if (left_ < sizeof(fixed) || std::fread(&fixed, sizeof(fixed), 1, file_.get()) != 1) return false;
  left_ -= sizeof(fixed);
  print.exact = {fixed.exact[0], fixed.exact[1]};
  print.comparable = fixed.comparable != 0;
  std::copy(std::begin(fixed.bands), std::end(fixed.bands), print.bands.begin());
  ReadItems(fixed.paragraphs, print.paragraphs);
  ReadItems(fixed.runs, print.runs);
  return true;
}

template <class Item>
void PrintReader::ReadItems(uint64_t count, std::vector<Item>& items) {
  items.resize(std::min<uint64_t>(count, left_ / sizeof(Item)));
  left_ -= items.size() * sizeof(Item);
  items.resize(std::fread(items.data(), sizeof(Item), items.size(), file_.get()));
}

PartStore::PartStore(std::filesystem::path folder, std::string fingerprint)
    : folder_(std::move(folder)), fingerprint_(std::string(kFormat) + "\n" + std::move(fingerprint)) {}

std::string PartStore::KeyOf(const std::string& sha256, const std::string& name) const {
  return Sha256Hex(sha256 + "\n" + fingerprint_ + "\n" + name);
}

std::filesystem::path PartStore::PathOf(const std::string& key) const { return folder_ / key.substr(0, 2) / key; }

bool PartStore::Has(const std::string& key) const {
  const auto path = PathOf(key), prints = PrintsOf(path);
  std::error_code missing;
  const auto size = std::filesystem::file_size(path, missing);
  if (missing || !std::filesystem::exists(prints, missing)) return false;
  // Another thread may put the same part in its place meanwhile, of a file with the same name and content.
  std::ifstream file(prints, std::ios::binary);
  PrintTrailer trailer{};
  if (!file.seekg(-static_cast<std::streamoff>(sizeof(trailer)), std::ios::end) ||
      !file.read(reinterpret_cast<char*>(&trailer), sizeof(trailer))) {
    return false;
  }
  return trailer.magic == kTrailerMagic && trailer.records_bytes == size;
}

PartWriter PartStore::Write(const std::string& key, WorkFolder& work) const {
  return {PathOf(key), work.NewPath("part")};
}

void PartStore::KeepOnly(const std::set<std::string>& keys) const {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_, ignored)) {
    if (!entry.is_regular_file(ignored)) continue;
    if (!keys.contains(entry.path().stem().string())) std::filesystem::remove(entry.path(), ignored);
  }
}

}  // namespace sheepop
