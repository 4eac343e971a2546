// The body of a request, as it arrives: of a known length, or in chunks (RFC 9112, section 7.1), whose extensions and
// trailers are passed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sheepop::http {

class BodyDecoder {
 public:
  // No length: in chunks. `max_body` bounds the body, and so much more is allowed for what stands between the chunks.
  BodyDecoder(std::optional<uint64_t> length, size_t max_body);

  // Takes bytes from the front of `bytes`, and appends those of the body to `body`. How many were taken: all, but what
  // lies behind the body's end. Throws Refusal 400, and 413 as soon as the body is known to be too large.
  size_t Feed(std::string_view bytes, std::string& body);
  bool whole() const { return part_ == Part::kWhole; }

 private:
  enum class Part { kSize, kExtension, kData, kDataEnd, kTrailer, kTrailerLine, kWhole };

  void TakeByte(char c);
  void EndSize();

  const size_t max_body_;
  const bool chunked_;
  Part part_;
  uint64_t left_;        // bytes of data that are still to come
  uint64_t total_ = 0;   // bytes of data in all
  size_t digits_ = 0;    // of the chunk's size
  size_t framing_ = 0;   // bytes that are no data
  bool return_ = false;  // the byte before was a carriage return
};

}  // namespace sheepop::http
