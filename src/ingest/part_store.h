// What was read from each input, kept between runs under a key of its content: a killed run goes on where it was, and a
// later run reads only what changed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/zstd_stream.h"
#include "ingest/blob.h"
#include "ingest/compare/fingerprint.h"
#include "ingest/document.h"

namespace sheepop {

// A document, or why there is none, as it comes out of reading and cleaning. `document.member` is in display form.
struct PartRecord {
  Document document;
  DocumentFate fate = DocumentFate::kTaken;
  std::string step, reason;                 // of dropped and failed ones
  std::map<std::string, uint64_t> changes;  // by cleaning step
};

// Names with odd bytes for people and for JSON: "\xE9" for a byte that is not UTF-8, "\n" for a line end, "\\" for a
// backslash. Different names stay different.
std::string DisplayName(std::string_view raw);

// Writes one part; it is there only after Commit.
class PartWriter {
 public:
  PartWriter(std::filesystem::path path, std::filesystem::path temporary);
  ~PartWriter();

  // `print` of a document that was taken, else null.
  void Add(const PartRecord& record, const Fingerprint* print);
  void Commit();
  // The same under a path in `work`, for what is good for this run only; returns it.
  std::filesystem::path CommitAside(WorkFolder& work);

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Closer>;

  std::filesystem::path path_, temporary_;
  File records_file_, prints_file_;
  std::unique_ptr<ZstdWriter> records_;
  uint64_t records_bytes_ = 0, count_ = 0;
};

// The records of a part, in order.
class PartReader {
 public:
  explicit PartReader(const std::filesystem::path& path) : stream_(path) {}
  bool Next(PartRecord& record);

 private:
  ZstdReader stream_;
  std::string buffer_;
};

// The fingerprints of the taken documents of a part, in order.
class PrintReader {
 public:
  explicit PrintReader(const std::filesystem::path& path);
  bool Next(Fingerprint& print);

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  template <class Item>
  void ReadItems(uint64_t count, std::vector<Item>& items);

  std::unique_ptr<std::FILE, Closer> file_;
  uint64_t left_ = 0;  // bytes before the trailer
};

class PartStore {
 public:
  // `fingerprint`: all that the result of reading depends on beside the input: options, versions.
  PartStore(std::filesystem::path folder, std::string fingerprint);

  std::string KeyOf(const std::string& sha256, const std::string& name) const;
  bool Has(const std::string& key) const;  // whole and readable
  std::filesystem::path PathOf(const std::string& key) const;
  PartWriter Write(const std::string& key, WorkFolder& work) const;

  // Removes every part whose key is not in `keys`.
  void KeepOnly(const std::set<std::string>& keys) const;

 private:
  std::filesystem::path folder_;
  std::string fingerprint_;
};

}  // namespace sheepop
