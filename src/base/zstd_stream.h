// zstd (RFC 8878) streams to and from files.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace sheepop {

// One frame with a checksum. With `background` the work is done by another thread; the bytes differ from those without,
// and depend on nothing else.
class ZstdWriter {
 public:
  using Output = std::function<void(std::string_view)>;
  ZstdWriter(Output output, int level, bool background);
  ~ZstdWriter();
  ZstdWriter(const ZstdWriter&) = delete;
  ZstdWriter& operator=(const ZstdWriter&) = delete;

  void Write(std::string_view bytes);
  void Finish();  // ends the frame

 private:
  void Compress(std::string_view bytes, bool end);

  Output output_;
  ZSTD_CCtx_s* context_;
  std::string buffer_;
};

// Throws kCorrupt, naming the file, when its bytes are no zstd stream.
class ZstdReader {
 public:
  explicit ZstdReader(const std::filesystem::path& path);
  ~ZstdReader();
  ZstdReader(const ZstdReader&) = delete;
  ZstdReader& operator=(const ZstdReader&) = delete;

  // Fills `out` with exactly `size` bytes; false at the end of the stream before the first.
  bool Read(std::string& out, size_t size);
  // The next line, without its \n; false at the end.
  bool ReadLine(std::string& line);

 private:
  bool Fill();  // decompresses more into plain_; false at the end

  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Closer> file_;
  ZSTD_DCtx_s* context_;
  std::string packed_, plain_;
  size_t packed_at_ = 0, plain_at_ = 0;
  bool frame_open_ = false;
};

}  // namespace sheepop
