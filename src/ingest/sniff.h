// Tells what an input is from its bytes; its name decides only where bytes cannot (a CSV file, a programming language).
#pragma once

#include <string>
#include <string_view>

#include "ingest/blob.h"
#include "ingest/document.h"

namespace sheepop {

struct Sniffed {
  DocumentKind kind = DocumentKind::kUnsupported;
  std::string programming_language;  // of code
  std::string what;                  // for kUnsupported: what it is and what to do, "an ELF program"
};

// `name` is the file name, any bytes; it may be empty.
Sniffed Sniff(const Blob& blob, std::string_view name);

// The same from the first bytes and, for zip files, the last.
Sniffed SniffBytes(std::string_view head, std::string_view tail, std::string_view name);

// The length of the zstd frame that `bytes` begins with and that decoders skip (RFC 8878, 3.1.2), header included; 0 when
// there is none. kSkippableHeader bytes are enough to tell.
inline constexpr size_t kSkippableHeader = 8;
uint64_t SkippableFrame(std::string_view bytes);

// The language that a file name or a first line "#!..." stands for, or "".
std::string_view ProgrammingLanguage(std::string_view name, std::string_view head);

// The name's last extension in lower case, with its dot: ".gz"; "" when there is none.
std::string Extension(std::string_view name);

}  // namespace sheepop
