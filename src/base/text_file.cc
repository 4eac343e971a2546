#include "base/text_file.h"

#include <fmt/core.h>

#include <cerrno>
#include <cstdio>

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

std::string ReadFileOrStdin(const std::string& path) {
  FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (!file) throw SystemError(fmt::format("cannot open {}", path), errno);
  std::string text;
  char buffer[1 << 16];
  size_t n = 0;
  while ((n = std::fread(buffer, 1, sizeof buffer, file)) > 0) text.append(buffer, n);
  const int error = std::ferror(file) ? errno : 0;
  if (file != stdin) std::fclose(file);
  if (error == EISDIR) throw Error(ErrorCategory::kIo, "{} is a folder; name a file in it", path);
  if (error) throw SystemError(fmt::format("cannot read {}", path), error);
  return text;
}

}  // namespace sheepop
