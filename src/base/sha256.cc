#include "base/sha256.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>
#include <vector>

#include "base/error.h"

namespace sheepop {

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (!context_ || EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
}

Sha256::~Sha256() { EVP_MD_CTX_free(context_); }

void Sha256::Update(std::string_view bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }

std::string Sha256::Hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  EVP_DigestFinal_ex(context_, digest.data(), &size);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::string Sha256Hex(std::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.Hex();
}

std::string Sha256OfFile(const std::filesystem::path& path, const std::function<bool()>& interrupted) {
  Sha256 hash;
  std::vector<char> buffer(size_t{1} << 20);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw SystemError(fmt::format("cannot open {}", path.string()), errno);
  ssize_t n = 0;
  bool stopped = false;
  while (!stopped && (n = ::read(fd, buffer.data(), buffer.size())) != 0) {
    if (n < 0 && errno != EINTR) break;
    if (n > 0) hash.Update({buffer.data(), static_cast<size_t>(n)});
    stopped = interrupted && interrupted();
  }
  const int reason = errno;
  ::close(fd);
  if (stopped) throw Error(ErrorCategory::kInterrupted, "{}: stopped while its checksum was computed", path.string());
  if (n < 0) throw SystemError(fmt::format("cannot read {}", path.string()), reason);
  return hash.Hex();
}

}  // namespace sheepop
