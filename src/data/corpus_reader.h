// Looks into a corpus: `sheepop corpus show|sample|search`, and what training reads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/warning.h"
#include "base/zstd_stream.h"

namespace sheepop {

struct CorpusDocument {
  std::string id, source, sha256, kind;
  std::string programming_language, language, license;  // "" where the corpus has null
  uint64_t characters = 0;
  uint64_t pages = 0;  // 0 where the corpus has null
  std::optional<double> ocr_confidence;
  std::string text;
  std::vector<std::string> unread;  // fields beside these
};

// What to tell of a field of a corpus' documents, so many of which have it, that nothing reads.
Warning UnreadFieldWarning(const std::string& corpus, const std::string& field, uint64_t documents);

class CorpusReader {
 public:
  // `path`: a corpus folder, a documents.jsonl.zst, or any JSONL file packed so whose objects have a field `text`. Throws
  // kNotFound.
  explicit CorpusReader(const std::filesystem::path& path);

  // The next document, in the order of the corpus; false after the last. Throws kCorrupt, naming the line, and the field that is of another kind.
  bool Next(CorpusDocument& document);

 private:
  std::filesystem::path path_;
  ZstdReader stream_;
  std::string line_;
  uint64_t line_number_ = 0;
};

// The document with this id or source, or the only one with this beginning of an id or these last parts of a source ("may.txt"
// of "letters/may.txt"); none when there is none. Throws kInvalidArgument when a part fits several.
std::optional<CorpusDocument> ShowDocument(const std::filesystem::path& corpus, std::string_view name);

// `count` documents drawn without replacement, in the order of the corpus; the same for the same seed and corpus. Holds
// no more than `count` documents in memory.
std::vector<CorpusDocument> SampleDocuments(const std::filesystem::path& corpus, size_t count, uint64_t seed);

struct SearchHit {
  std::string id, source;
  uint64_t line = 0;    // of the text, from 1
  std::string excerpt;  // the line, or its part around the hit; at most some 200 bytes
};

// Calls `take` for each line that holds `text` until it returns false. ASCII letters match in either case unless `exact`.
void SearchCorpus(const std::filesystem::path& corpus, std::string_view text, bool exact,
                  const std::function<bool(const SearchHit&)>& take);

}  // namespace sheepop
