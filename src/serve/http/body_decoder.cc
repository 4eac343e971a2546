#include "serve/http/body_decoder.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/hex_digit.h"
#include "serve/http/refusal.h"

namespace sheepop::http {
namespace {

constexpr size_t kMostFraming = size_t{64} << 10;  // besides as much as the body may have

[[noreturn]] void RefuseChunk(const char* what) {
  throw Refusal(400, "bad_request", fmt::format("the request's body is not in chunks as HTTP has them: {}", what));
}

}  // namespace

BodyDecoder::BodyDecoder(std::optional<uint64_t> length, size_t max_body)
    : max_body_(max_body),
      chunked_(!length),
      part_(!length       ? Part::kSize
            : *length > 0 ? Part::kData
                          : Part::kWhole),
      left_(length.value_or(0)) {
  if (left_ > max_body_) {
    throw Refusal(413, "request_too_large",
                  fmt::format("the request's body has {} bytes, at most {} are taken", left_, max_body_));
  }
}

size_t BodyDecoder::Feed(std::string_view bytes, std::string& body) {
  size_t at = 0;
  while (at < bytes.size() && part_ != Part::kWhole) {
    if (part_ == Part::kData) {
      const size_t size = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size() - at));
      body.append(bytes.substr(at, size));
      at += size;
      left_ -= size;
      if (left_ == 0) part_ = chunked_ ? Part::kDataEnd : Part::kWhole;
    } else {
      if (++framing_ > max_body_ + kMostFraming) RefuseChunk("there is more between them than in them");
      TakeByte(bytes[at++]);
    }
  }
  return at;
}

void BodyDecoder::TakeByte(char c) {
  if (return_) {
    if (c != '\n') RefuseChunk("a line does not end with carriage return and line feed");
    return_ = false;
    switch (part_) {
      case Part::kSize:
      case Part::kExtension: EndSize(); break;
      case Part::kDataEnd: part_ = Part::kSize; break;
      case Part::kTrailer: part_ = Part::kWhole; break;
      case Part::kTrailerLine: part_ = Part::kTrailer; break;
      default: break;
    }
    return;
  }
  if (c == '\n') RefuseChunk("a line does not end with carriage return and line feed");
  if (c == '\r') {
    if (part_ == Part::kSize && digits_ == 0) RefuseChunk("a size is missing");
    return_ = true;
    return;
  }
  switch (part_) {
    case Part::kSize: {
      const int digit = HexDigit(c);
      if (digit >= 0) {
        if (++digits_ > 15) RefuseChunk("a size has over 15 digits");
        left_ = left_ * 16 + static_cast<uint64_t>(digit);
      } else if (digits_ > 0 && (c == ';' || c == ' ' || c == '\t')) {
        part_ = Part::kExtension;
      } else {
        RefuseChunk("a size is no hexadecimal number");
      }
      break;
    }
    case Part::kDataEnd: RefuseChunk("one has more bytes than its size says"); break;
    case Part::kTrailer: part_ = Part::kTrailerLine; break;
    default: break;
  }
}

void BodyDecoder::EndSize() {
  digits_ = 0;
  if (left_ == 0) {
    part_ = Part::kTrailer;
    return;
  }
  total_ += left_;
  if (total_ > max_body_) {
    throw Refusal(413, "request_too_large",
                  fmt::format("the request's body has over {} bytes, which is the bound", max_body_));
  }
  part_ = Part::kData;
}

}  // namespace sheepop::http
