// The keys that let clients in, compared without telling by time which of them comes near.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "serve/http/server.h"

namespace sheepop::http {

class KeyRing {
 public:
  explicit KeyRing(std::span<const ApiKey> keys);
  bool empty() const { return entries_.empty(); }

  // The name of the key that `headers` show, in "Authorization: Bearer KEY" or "x-api-key: KEY". Takes as long whichever
  // it is and whether there is one.
  std::optional<std::string> Find(std::span<const Header> headers) const;

 private:
  using Digest = std::array<unsigned char, 32>;  // SHA-256: of equal length whatever the key
  struct Entry {
    std::string name;
    Digest digest;
  };
  static Digest DigestOf(std::string_view key);

  std::vector<Entry> entries_;
};

}  // namespace sheepop::http
