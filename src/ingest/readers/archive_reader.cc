// zip, tar, and what gzip, zstd, xz and bzip2 have packed. Members are never written under their own names, so a path
// that climbs out of the archive is only a name.
#include <archive.h>
#include <archive_entry.h>
#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <set>
#include <vector>

#include "base/error.h"
#include "base/file_writer.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "ingest/readers/reader.h"

namespace sheepop {
namespace {

constexpr size_t kReadBytes = 256 << 10;
constexpr uint64_t kBatchBytes = 32 << 20;  // of members held at once
constexpr size_t kBatchMembers = 64;
constexpr uint64_t kBombFloor = 64 << 20;  // below this no ratio is suspicious
constexpr uint64_t kBombRatio = 1000;

struct ArchiveDeleter {
  void operator()(archive* handle) const { archive_read_free(handle); }
};
using Archive = std::unique_ptr<archive, ArchiveDeleter>;

// The bytes of a blob from a place on, for libarchive.
struct BlobStream {
  Blob blob;
  uint64_t at;
  std::string piece = {};
};

la_ssize_t ReadStream(archive* handle, void* data, const void** bytes) {
  auto& stream = *static_cast<BlobStream*>(data);
  try {
    stream.piece = stream.blob.ReadAt(stream.at, kReadBytes);
  } catch (const Error& error) {
    archive_set_error(handle, EIO, "%s", error.what());
    return -1;
  }
  stream.at += stream.piece.size();
  *bytes = stream.piece.data();
  return static_cast<la_ssize_t>(stream.piece.size());
}

int CloseStream(archive*, void* data) {
  delete static_cast<BlobStream*>(data);
  return ARCHIVE_OK;
}

// Frames that zstd's decoders skip (RFC 8878, 3.1.2) and that parallel compressors begin their files with; libarchive
// knows a stream by its first bytes and does not expect them there.
uint64_t SkippableBytes(const Blob& blob) {
  uint64_t at = 0;
  while (at < blob.size()) {
    const uint64_t size = SkippableFrame(blob.ReadAt(at, kSkippableHeader));
    if (size == 0) break;
    at += size;
  }
  return std::min(at, blob.size());
}

Archive Open(const Blob& blob) {
  Archive handle(archive_read_new());
  if (!handle) throw std::bad_alloc();
  // Not "all": some filters start programs.
  archive_read_support_format_zip(handle.get());
  archive_read_support_format_tar(handle.get());
  archive_read_support_format_raw(handle.get());
  archive_read_support_filter_gzip(handle.get());
  archive_read_support_filter_zstd(handle.get());
  archive_read_support_filter_xz(handle.get());
  archive_read_support_filter_bzip2(handle.get());
  const std::string* memory = blob.memory();
  const uint64_t skipped = SkippableBytes(blob);
  const int opened =
      skipped > 0 ? archive_read_open(handle.get(), new BlobStream{blob, skipped}, nullptr, ReadStream, CloseStream)
      : memory    ? archive_read_open_memory(handle.get(), memory->data(), memory->size())
                  : archive_read_open_filename(handle.get(), blob.path().c_str(), kReadBytes);
  if (opened != ARCHIVE_OK)
    throw Error(ErrorCategory::kCorrupt, "not a readable archive: {}", archive_error_string(handle.get()));
  return handle;
}

std::string MemberName(archive_entry* entry) {
  if (const char* name = archive_entry_pathname_utf8(entry)) return name;
  if (const char* name = archive_entry_pathname(entry)) return name;
  return "member with an unreadable name";
}

// The member that the archive stands at; false when it is larger than `limit`.
bool ReadData(archive* handle, uint64_t limit, std::string& bytes) {
  const void* data = nullptr;
  size_t length = 0;
  la_int64_t offset = 0;
  while (archive_read_data_block(handle, &data, &length, &offset) == ARCHIVE_OK) {
    if (bytes.size() + length > limit) return false;
    bytes.append(static_cast<const char*>(data), length);
  }
  return true;
}

std::string Words(archive* handle) {
  const char* words = archive_error_string(handle);
  return ToValidUtf8(words ? words : "unknown fault");
}

bool IsMedia(std::string_view member) {
  static constexpr std::string_view kEndings[] = {".png",  ".jpg",   ".jpeg", ".gif", ".webp", ".ttf", ".otf",
                                                  ".woff", ".woff2", ".mp3",  ".mp4", ".m4a",  ".css", ".js"};
  return std::ranges::any_of(kEndings, [&](std::string_view ending) { return member.ends_with(ending); });
}

std::string WithoutExtension(const std::string& name) {
  const size_t dot = name.rfind('.');
  return dot == std::string::npos || dot == 0 ? name : name.substr(0, dot);
}

class Unpacker {
 public:
  Unpacker(const Source& source, const ReadContext& context, DocumentSink& sink)
      : source_(source), context_(context), sink_(sink), expanded_(source.expanded) {
    if (!expanded_) {
      expanded_ = std::make_shared<Expansion>();
      expanded_->packed_bytes = source.blob.size();
    }
  }

  void Run() {
    const Archive handle = Open(source_.blob);
    try {
      ReadMembers(handle.get());
    } catch (...) {
      ReadBatch();  // what came before the fault stays
      throw;
    }
    ReadBatch();
  }

 private:
  void ReadMembers(archive* handle) {
    archive_entry* entry = nullptr;
    uint32_t members = 0;
    while (true) {
      const int result = archive_read_next_header(handle, &entry);
      if (result == ARCHIVE_EOF) break;
      if (result < ARCHIVE_WARN) Broken(handle);
      if (++members > context_.options.max_archive_members) {
        throw Error(ErrorCategory::kLimit, "more than {} members; raise --max-archive-members or unpack it",
                    context_.options.max_archive_members);
      }
      AddMember(handle, entry);
    }
    if (members == 0) throw Error(ErrorCategory::kCorrupt, "an archive without members");
  }

  void AddMember(archive* handle, archive_entry* entry) {
    const bool raw = archive_format(handle) == ARCHIVE_FORMAT_RAW;
    Source member;
    member.name = raw ? WithoutExtension(source_.name) : MemberName(entry);
    const std::string unique = raw ? "" : UniqueName(member.name);
    member.member = raw ? source_.member : source_.member.empty() ? unique : source_.member + "!" + unique;
    member.depth = source_.depth + 1;
    member.expanded = expanded_;
    member.sniffed.kind = DocumentKind::kUnsupported;
    if (!raw && archive_entry_filetype(entry) == AE_IFDIR) return;
    if (!raw && (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))) {
      ReadBatch();
      sink_.Drop(NewDocument(member), "format", "a link or a device inside an archive");
      return;
    }
    if (archive_entry_is_data_encrypted(entry)) {
      ReadBatch();
      sink_.Fail(NewDocument(member), kReadStep, "encrypted; unpack the archive with its password", false);
      return;
    }
    if (member.depth > context_.options.archive_depth) {
      throw Error(ErrorCategory::kLimit, "archives inside archives, more than {} deep", context_.options.archive_depth);
    }
    member.blob = Unpack(handle, member.sha256);
    const DocumentKind kind = Sniff(member.blob, member.name).kind;
    // What may hold more than memory does goes straight through.
    if (!member.blob.memory() || kind == DocumentKind::kArchive || kind == DocumentKind::kCompressed) {
      ReadBatch();
      ReadInput(std::move(member), context_, sink_);
      return;
    }
    batch_bytes_ += member.blob.size();
    batch_.push_back(std::move(member));
    if (batch_.size() >= kBatchMembers || batch_bytes_ >= kBatchBytes) ReadBatch();
  }

  // An archive may hold several members of one name; each is a document with a name of its own.
  std::string UniqueName(const std::string& name) {
    std::string unique = name;
    for (uint64_t copy = 2; !names_.insert(unique).second; ++copy) unique = fmt::format("{} ({})", name, copy);
    return unique;
  }

  // Into memory, or into a temporary file once it is large.
  Blob Unpack(archive* handle, std::string& sha256) {
    std::string bytes;
    std::filesystem::path path;
    std::unique_ptr<FileWriter> file;
    Sha256 hash;
    uint64_t size = 0;
    while (true) {
      const void* data = nullptr;
      size_t length = 0;
      la_int64_t offset = 0;
      const int result = archive_read_data_block(handle, &data, &length, &offset);
      if (result == ARCHIVE_EOF) break;
      if (result < ARCHIVE_WARN) Broken(handle);
      // A sparse member's holes are zero bytes; text has none.
      if (static_cast<uint64_t>(offset) != size)
        throw Error(ErrorCategory::kUnsupported, "a sparse file inside an archive");
      const std::string_view block(static_cast<const char*>(data), length);
      size += length;
      Expanded(length);
      hash.Update(block);
      if (!file && size > Blob::kMemoryBytes) {
        path = context_.work.NewPath("member");
        file = std::make_unique<FileWriter>(path);
        file->Write(bytes);
        bytes = {};
      }
      if (file) {
        file->Write(block);
      } else {
        bytes.append(block);
      }
    }
    sha256 = hash.Hex();
    if (!file) return Blob::OfBytes(std::move(bytes));
    file->Commit();
    return Blob::OfTemporary(path);
  }

  void Expanded(uint64_t bytes) {
    const uint64_t total = expanded_->bytes += bytes;
    if (total > context_.options.max_expanded_bytes) {
      throw Error(ErrorCategory::kLimit, "unpacks to more than {} bytes; raise --max-expanded-bytes or unpack it",
                  context_.options.max_expanded_bytes);
    }
    if (total > kBombFloor && total / kBombRatio > expanded_->packed_bytes) {
      throw Error(ErrorCategory::kLimit, "a compression bomb: {} bytes unpack to more than {} times as many",
                  expanded_->packed_bytes, kBombRatio);
    }
  }

  [[noreturn]] static void Broken(archive* handle) {
    throw Error(ErrorCategory::kCorrupt, "broken archive: {}", Words(handle));
  }

  void ReadBatch() {
    std::vector<std::unique_ptr<DocumentSink>> sinks;
    for (size_t i = 0; i < batch_.size(); ++i) sinks.push_back(sink_.Fork());
    context_.pool.ForEach(batch_.size(), [&](size_t i) { ReadInput(batch_[i], context_, *sinks[i]); });
    for (const auto& sink : sinks) sink_.Join(*sink);
    batch_.clear();
    batch_bytes_ = 0;
  }

  const Source& source_;
  const ReadContext& context_;
  DocumentSink& sink_;
  std::shared_ptr<Expansion> expanded_;
  std::set<std::string> names_;
  std::vector<Source> batch_;
  uint64_t batch_bytes_ = 0;
};

}  // namespace

void ReadArchive(const Source& source, const ReadContext& context, DocumentSink& sink) {
  Unpacker(source, context, sink).Run();
}

std::vector<ZipMember> ReadZipMembers(const Blob& zip, uint64_t limit,
                                      const std::function<bool(std::string_view)>& wanted) {
  std::vector<ZipMember> members;
  const Archive reader = Open(zip);
  archive_entry* entry = nullptr;
  int result = ARCHIVE_OK;
  while ((result = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK || result == ARCHIVE_WARN) {
    ZipMember member{MemberName(entry), "", ""};
    if (!wanted(member.name)) continue;
    if (!ReadData(reader.get(), limit, member.bytes))
      throw Error(ErrorCategory::kLimit, "unpacks to more text than is read at once; split it");
    limit -= member.bytes.size();
    if (archive_errno(reader.get()) != 0) member.damage = Words(reader.get());
    archive_clear_error(reader.get());
    members.push_back(std::move(member));
  }
  if (result != ARCHIVE_EOF) members.push_back({"", "", Words(reader.get())});
  return members;
}

std::string WithZipMembers(const Blob& zip, uint64_t limit, const std::map<std::string, std::string>& changed,
                           bool media) {
  std::string out;
  const std::unique_ptr<archive, decltype(&archive_write_free)> writer(archive_write_new(), archive_write_free);
  archive_write_set_format_zip(writer.get());
  const auto append = [](archive*, void* target, const void* data, size_t size) {
    static_cast<std::string*>(target)->append(static_cast<const char*>(data), size);
    return static_cast<la_ssize_t>(size);
  };
  archive_write_open(writer.get(), &out, nullptr, append, nullptr);
  const Archive reader = Open(zip);
  archive_entry* entry = nullptr;
  for (int result = 0;
       (result = archive_read_next_header(reader.get(), &entry)) != ARCHIVE_EOF && result >= ARCHIVE_WARN;) {
    const std::string member = MemberName(entry);
    if (!media && IsMedia(member)) continue;
    std::string bytes;
    if (const auto found = changed.find(member); found != changed.end()) {
      bytes = found->second;
    } else if (!ReadData(reader.get(), limit, bytes)) {
      throw Error(ErrorCategory::kLimit, "unpacks to more text than is read at once; split it");
    }
    limit -= std::min<uint64_t>(limit, bytes.size());
    const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> copy(archive_entry_new(), archive_entry_free);
    archive_entry_set_pathname_utf8(copy.get(), member.c_str());
    archive_entry_set_filetype(copy.get(), AE_IFREG);
    archive_entry_set_size(copy.get(), static_cast<la_int64_t>(bytes.size()));
    archive_write_header(writer.get(), copy.get());
    archive_write_data(writer.get(), bytes.data(), bytes.size());
  }
  archive_write_close(writer.get());
  return out;
}

}  // namespace sheepop
