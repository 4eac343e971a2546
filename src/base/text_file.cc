#include "base/text_file.h"

#include "base/error.h"
#include "base/file_kind.h"
#include "base/mapped_file.h"

namespace sheepop {

std::string ReadTextFile(const std::filesystem::path& path, std::string_view wanted, size_t max_bytes) {
  const MappedFile map = MappedFile::Open(path);
  const auto bytes = map.bytes();
  const FileKind kind = Sniff(bytes);
  if (kind != FileKind::kJson && kind != FileKind::kText) throw WrongFile(path.string(), bytes, wanted);
  if (bytes.size() > max_bytes) {
    throw Error(ErrorCategory::kLimit, "{}: {} bytes, the bound for {} is {}", path.string(), bytes.size(), wanted,
                max_bytes);
  }
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace sheepop
