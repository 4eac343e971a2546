// SHA-256 (FIPS 180-4) by OpenSSL.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace sheepop {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Update(std::string_view bytes);
  std::string Hex();  // lower-case; ends the computation

 private:
  evp_md_ctx_st* context_;
};

std::string Sha256Hex(std::string_view bytes);

// Of a file's bytes. `interrupted` is asked now and then; true ends the work with kInterrupted. Throws kIo.
std::string Sha256OfFile(const std::filesystem::path& path, const std::function<bool()>& interrupted = {});

}  // namespace sheepop
