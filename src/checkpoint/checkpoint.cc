#include "checkpoint/checkpoint.h"

#include "checkpoint/hf_folder.h"

namespace sheepop {

Checkpoint::Checkpoint() = default;
Checkpoint::Checkpoint(Checkpoint&&) noexcept = default;
Checkpoint& Checkpoint::operator=(Checkpoint&&) noexcept = default;
Checkpoint::~Checkpoint() = default;

Checkpoint Checkpoint::Open(const std::filesystem::path& path) {
  Checkpoint checkpoint;
  checkpoint.path_ = path;
  if (std::filesystem::is_directory(path)) {
    checkpoint.hf_ = std::make_unique<const HfFolder>(HfFolder::Open(path));
  } else {
    checkpoint.gguf_ = std::make_unique<const GgufFile>(GgufFile::Open(path));
  }
  return checkpoint;
}

const TensorSource& Checkpoint::tensors() const {
  return gguf_ ? static_cast<const TensorSource&>(*gguf_) : hf_->weights;
}

}  // namespace sheepop
