// From the bytes of an input to documents. A reader is a function; ReadInput finds the one for the input's kind.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/task_pool.h"
#include "ingest/blob.h"
#include "ingest/converters.h"
#include "ingest/document.h"
#include "ingest/options.h"
#include "ingest/sniff.h"

namespace sheepop {

// Where a reader puts what it found. Called by one thread at a time, in the order of the input.
class DocumentSink {
 public:
  virtual ~DocumentSink() = default;
  virtual void Take(Document document) = 0;

  // An input, a member or a record that gives no document; `document` says which (member, kind, sha256, record).
  virtual void Drop(Document document, std::string_view step, std::string reason) = 0;
  // `transient`: another run may fare better (a tool was missing, the file changed), so nothing of the input is kept.
  virtual void Fail(Document document, std::string_view step, std::string reason, bool transient) = 0;

  // A sink for another thread, which holds what it gets until Join puts it into this one.
  virtual std::unique_ptr<DocumentSink> Fork() = 0;
  virtual void Join(DocumentSink& fork) = 0;
};

struct Source;

struct ReadContext {
  const IngestOptions& options;
  const Converters& converters;
  TaskPool& pool;
  WorkFolder& work;
  // Which sources are read, asked from any thread; empty: all.
  std::function<bool(const Source&)> wanted{};
};

// What the outermost archive has unpacked to so far, whatever lies in it.
struct Expansion {
  uint64_t packed_bytes = 0;  // of the outermost archive
  std::atomic<uint64_t> bytes{0};
};

struct Source {
  Blob blob;
  std::string name;    // the file's own name, for its extension; raw bytes
  std::string member;  // path inside the outermost archive; "" for a file
  std::string sha256;
  Sniffed sniffed;
  uint32_t depth = 0;                   // archives around it
  std::shared_ptr<Expansion> expanded;  // null outside archives
};

// A document of this source with member, sha256 and kind filled in.
Document NewDocument(const Source& source);

// Which program or library reads documents of a kind, for people: "pandoc"; "" for a kind that nothing reads.
std::string_view ReaderOf(DocumentKind kind);

// Sniffs, reads, and gives every error to the sink as a failure of this source: never throws for what the input holds.
// `source.sniffed` is filled in here.
void ReadInput(Source source, const ReadContext& context, DocumentSink& sink);

struct ZipMember {
  std::string name, bytes;
  std::string damage;  // what broke it off, or ""; of an entry without a name: the list of members itself
};

// The members of a zip file that `wanted` says, as far as they can be read, in the order of the file. Throws kLimit when
// they unpack to more than `limit` bytes.
std::vector<ZipMember> ReadZipMembers(const Blob& zip, uint64_t limit,
                                      const std::function<bool(std::string_view)>& wanted);

// The zip file with these members in the place of those of their names; without pictures, fonts and the like unless
// `media`. Throws kLimit when it unpacks to more than `limit` bytes.
std::string WithZipMembers(const Blob& zip, uint64_t limit, const std::map<std::string, std::string>& changed,
                           bool media);

// The readers, each in the file of its name. They throw Error for what fails the whole source.
void ReadText(const Source& source, const ReadContext& context, DocumentSink& sink);
void ReadHtml(const Source& source, const ReadContext& context, DocumentSink& sink);
void ReadPdf(const Source& source, const ReadContext& context, DocumentSink& sink);
void ReadImage(const Source& source, const ReadContext& context, DocumentSink& sink);
void ReadOffice(const Source& source, const ReadContext& context, DocumentSink& sink);
void ReadNotebook(const Source& source, const ReadContext& context, DocumentSink& sink);
void ReadCsv(const Source& source, const ReadContext& context, DocumentSink& sink);
void ReadJsonl(const Source& source, const ReadContext& context, DocumentSink& sink);
void ReadArchive(const Source& source, const ReadContext& context, DocumentSink& sink);

}  // namespace sheepop
