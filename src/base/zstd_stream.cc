#include "base/zstd_stream.h"

#include <fmt/core.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "base/error.h"

namespace sheepop {
namespace {

constexpr size_t kBufferBytes = 256 << 10;

}  // namespace

ZstdWriter::ZstdWriter(Output output, int level, bool background)
    : output_(std::move(output)), context_(ZSTD_createCCtx()), buffer_(kBufferBytes, '\0') {
  if (!context_) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
  // A number other than 0 gives the same bytes whatever it is, so it is always 1. A libzstd without threads refuses it.
  if (background) ZSTD_CCtx_setParameter(context_, ZSTD_c_nbWorkers, 1);
}

ZstdWriter::~ZstdWriter() { ZSTD_freeCCtx(context_); }

void ZstdWriter::Write(std::string_view bytes) { Compress(bytes, false); }

void ZstdWriter::Finish() { Compress({}, true); }

void ZstdWriter::Compress(std::string_view bytes, bool end) {
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  while (true) {
    ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
    const size_t left = ZSTD_compressStream2(context_, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left)) throw Error(ErrorCategory::kLimit, "cannot compress: {}", ZSTD_getErrorName(left));
    if (out.pos > 0) output_({buffer_.data(), out.pos});
    if (end ? left == 0 : in.pos == in.size) return;
  }
}

ZstdReader::ZstdReader(const std::filesystem::path& path)
    : path_(path), file_(std::fopen(path.c_str(), "rbe")), context_(ZSTD_createDCtx()) {
  if (!file_) {
    const int error = errno;
    ZSTD_freeDCtx(context_);
    throw SystemError(fmt::format("cannot open {}", path.string()), error);
  }
  if (!context_) throw std::bad_alloc();
}

ZstdReader::~ZstdReader() { ZSTD_freeDCtx(context_); }

bool ZstdReader::Fill() {
  plain_.erase(0, plain_at_);
  plain_at_ = 0;
  const size_t before = plain_.size();
  while (plain_.size() == before) {
    if (packed_at_ == packed_.size()) {
      packed_.resize(kBufferBytes);
      packed_.resize(std::fread(packed_.data(), 1, packed_.size(), file_.get()));
      packed_at_ = 0;
      if (packed_.empty()) {
        if (std::ferror(file_.get())) throw SystemError(fmt::format("cannot read {}", path_.string()), errno);
        if (frame_open_) throw Error(ErrorCategory::kCorrupt, "{} ends in the middle", path_.string());
        return false;
      }
    }
    plain_.resize(before + kBufferBytes);
    ZSTD_inBuffer in{packed_.data(), packed_.size(), packed_at_};
    ZSTD_outBuffer out{plain_.data() + before, kBufferBytes, 0};
    const size_t left = ZSTD_decompressStream(context_, &out, &in);
    if (ZSTD_isError(left)) {
      throw Error(ErrorCategory::kCorrupt, "{} is no valid zstd stream: {}", path_.string(), ZSTD_getErrorName(left));
    }
    frame_open_ = left != 0;
    packed_at_ = in.pos;
    plain_.resize(before + out.pos);
  }
  return true;
}

bool ZstdReader::Read(std::string& out, size_t size) {
  out.clear();
  while (out.size() < size) {
    if (plain_at_ == plain_.size() && !Fill()) {
      if (out.empty()) return false;
      throw Error(ErrorCategory::kCorrupt, "{} ends in the middle of a record", path_.string());
    }
    const size_t part = std::min(size - out.size(), plain_.size() - plain_at_);
    out.append(plain_, plain_at_, part);
    plain_at_ += part;
  }
  return true;
}

bool ZstdReader::ReadLine(std::string& line) {
  line.clear();
  while (true) {
    if (plain_at_ == plain_.size() && !Fill()) return !line.empty();
    const size_t end = plain_.find('\n', plain_at_);
    const size_t stop = std::min(end, plain_.size());
    line.append(plain_, plain_at_, stop - plain_at_);
    plain_at_ = end == std::string::npos ? stop : stop + 1;
    if (end != std::string::npos) return true;
  }
}

}  // namespace sheepop
