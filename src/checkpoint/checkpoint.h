// A model on disk, whatever its form: a GGUF file or a Hugging Face folder. Immutable once opened; any thread may read.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "checkpoint/gguf.h"
#include "checkpoint/metadata.h"
#include "checkpoint/tensor_source.h"

namespace sheepop {

struct HfFolder;

class Checkpoint {
 public:
  // A file is read as GGUF, a folder as Hugging Face's layout. Throws kNotFound, kCorrupt or kUnsupported, saying what
  // the path holds instead.
  static Checkpoint Open(const std::filesystem::path& path);

  Checkpoint(Checkpoint&&) noexcept;
  Checkpoint& operator=(Checkpoint&&) noexcept;
  ~Checkpoint();

  const std::filesystem::path& path() const { return path_; }
  const TensorSource& tensors() const;

  // One of the two is null.
  const GgufFile* gguf() const { return gguf_.get(); }
  const HfFolder* hf() const { return hf_.get(); }

 private:
  Checkpoint();

  std::filesystem::path path_;
  std::unique_ptr<const GgufFile> gguf_;
  std::unique_ptr<const HfFolder> hf_;
};

}  // namespace sheepop
