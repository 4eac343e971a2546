// The head of one request (RFC 9112, sections 2 to 5): request line and headers, as they arrive. Boost.Beast's parser,
// and what it lets pass: targets, framing that two readers could understand in two ways, a missing Host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "serve/http/exchange.h"

namespace sheepop::http {

struct Head {
  HttpRequest request;                     // without id, peer and body
  unsigned version = 11;                   // 10 or 11
  bool keep_alive = false;                 // whether the client would send another request
  bool expects_continue = false;           // wants to hear 100 before it sends the body
  bool chunked = false;                    // how the body comes: in chunks, or
  std::optional<uint64_t> content_length;  // of this length, or not at all

  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

class HeadParser {
 public:
  explicit HeadParser(size_t max_head);
  ~HeadParser();

  // `bytes` are all that arrived and was not consumed. The head, once it is whole; `consumed` says how many are to be
  // taken from the front, whatever comes back. Throws Refusal: 400, 405 for CONNECT and TRACE, 417, 431, 501, 505.
  std::optional<Head> Feed(std::string_view bytes, size_t& consumed);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// `text` with each %XX as its byte. Throws Refusal 400 where that is not possible, or not UTF-8, or has a NUL.
std::string PercentDecode(std::string_view text);

}  // namespace sheepop::http
