// SHA-256 (FIPS 180-4) by OpenSSL.
#pragma once

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
  std::string Hex();  // ends the computation

 private:
  evp_md_ctx_st* context_;
};

std::string Sha256Hex(std::string_view bytes);

}  // namespace sheepop
