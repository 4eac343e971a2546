#include "base/file_kind.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/quoted.h"
#include "base/utf8.h"

namespace sheepop {
namespace {

constexpr size_t kLookAt = 512;

std::string_view Head(std::span<const std::byte> file) {
  return {reinterpret_cast<const char*>(file.data()), std::min(file.size(), kLookAt)};
}

bool BeginsWithoutCase(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() && std::ranges::equal(text.substr(0, lower.size()), lower, [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
         });
}

bool IsOldGgml(std::string_view head) {
  // The magic is a number, so the letters are reversed on disk.
  for (std::string_view magic : {"lmgg", "fmgg", "tjgg", "algg", "ggml", "ggmf", "ggjt"}) {
    if (head.starts_with(magic)) return true;
  }
  return false;
}

bool IsSafetensors(std::string_view head, size_t file_size) {
  if (head.size() < 9 || head[8] != '{') return false;
  uint64_t header_bytes;
  std::memcpy(&header_bytes, head.data(), sizeof(header_bytes));
  return header_bytes <= file_size - 8;
}

bool IsPickle(std::string_view head) { return head.size() > 2 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5; }

FileKind SniffText(std::string_view head) {
  const size_t start = head.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  const std::string_view text = start == std::string_view::npos ? head : head.substr(start);
  for (std::string_view tag : {"<!doctype html", "<html", "<?xml", "<head"}) {
    if (BeginsWithoutCase(text, tag)) return FileKind::kHtml;
  }
  if (text.starts_with("version https://git-lfs")) return FileKind::kLfsPointer;
  const std::string_view whole = head.substr(0, head.size() - IncompleteUtf8Suffix(head));
  const bool printable =
      IsValidUtf8(whole) && std::ranges::none_of(whole, [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r' && c != '\n') || c == 0x7f;
      });
  if (!printable) return FileKind::kUnknown;
  return text.starts_with('{') ? FileKind::kJson : FileKind::kText;
}

std::string FirstLine(std::string_view head) { return Quoted(head.substr(0, head.find_first_of("\r\n"))); }

}  // namespace

FileKind Sniff(std::span<const std::byte> file) {
  const std::string_view head = Head(file);
  if (head.empty()) return FileKind::kEmpty;
  if (head.starts_with("GGUF")) {
    // Versions are small: the low bytes are zero only when the number is stored the other way round.
    const bool big_endian = head.size() >= 8 && head[4] == 0 && head[5] == 0 && (head[6] != 0 || head[7] != 0);
    return big_endian ? FileKind::kGgufBigEndian : FileKind::kGguf;
  }
  if (IsOldGgml(head)) return FileKind::kOldGgml;
  if (head.starts_with("PK\x03\x04")) return FileKind::kZip;
  if (head.starts_with("\x89HDF")) return FileKind::kHdf5;
  // Before the two-byte magics, which a header length can equal.
  if (IsSafetensors(head, file.size())) return FileKind::kSafetensors;
  if (head.starts_with("\x1f\x8b")) return FileKind::kGzip;
  if (IsPickle(head)) return FileKind::kPickle;
  if (head.size() >= 262 && head.substr(257, 5) == "ustar") return FileKind::kTar;
  return SniffText(head);
}

Error WrongFile(std::string_view name, std::span<const std::byte> file, std::string_view wanted) {
  constexpr auto kUnsupported = ErrorCategory::kUnsupported;
  constexpr auto kCorrupt = ErrorCategory::kCorrupt;
  constexpr std::string_view kPickled =
      "pickled PyTorch weights, which can run code when opened; get the model's .safetensors or .gguf files instead, "
      "or convert it with the safetensors Python package";
  const std::string_view head = Head(file);
  switch (Sniff(file)) {
    case FileKind::kEmpty: return {kCorrupt, "{0} is empty, not {1}; get it again, or name {1}", name, wanted};
    case FileKind::kGguf: return {kUnsupported, "{} is a GGUF model, not {}", name, wanted};
    case FileKind::kGgufBigEndian:
      return {kUnsupported,
              "{} is a big-endian GGUF model; get the little-endian file, or convert it with "
              "gguf_convert_endian.py of the gguf Python package",
              name};
    case FileKind::kOldGgml:
      return {kUnsupported,
              "{} is an old GGML, GGMF or GGJT model (magic {}), a format that GGUF replaced in August 2023; "
              "get a GGUF file of the same model",
              name, Quoted(head.substr(0, 4))};
    case FileKind::kSafetensors:
      return {kUnsupported,
              "{} is a safetensors file, not {}; give the folder that holds it, with its config.json and "
              "tokenizer.json",
              name, wanted};
    case FileKind::kZip: return {kUnsupported, "{} is a zip file, as are {}", name, kPickled};
    case FileKind::kPickle: return {kUnsupported, "{} holds {}", name, kPickled};
    case FileKind::kLfsPointer:
      return {kCorrupt,
              "{} is a Git LFS pointer, not {}: the weights were never downloaded; run `git lfs pull` in its "
              "folder, or download the file itself",
              name, wanted};
    case FileKind::kHtml:
      return {kCorrupt,
              "{} is a web page, not {}: the download saved the page about the file; use the direct link (on "
              "Hugging Face /resolve/ in place of /blob/)",
              name, wanted};
    case FileKind::kJson: return {kCorrupt, "{} is JSON text, not {}", name, wanted};
    case FileKind::kHdf5:
      return {kUnsupported,
              "{} holds HDF5 (Keras or TensorFlow) weights, not {}; get the model's "
              ".safetensors or .gguf files instead",
              name, wanted};
    case FileKind::kGzip: return {kUnsupported, "{} is compressed with gzip, not {}; unpack it first", name, wanted};
    case FileKind::kTar: return {kUnsupported, "{} is a tar archive, not {}; unpack it first", name, wanted};
    case FileKind::kText:
      return {kCorrupt, "{0} is text, not {1}; it begins {2}; name {1}", name, wanted, FirstLine(head)};
    case FileKind::kUnknown: break;
  }
  return {kCorrupt, "{0} is not {1}: it begins with the bytes {2}; name {1}, or get the file again", name, wanted,
          Quoted(head.substr(0, 8))};
}

}  // namespace sheepop
