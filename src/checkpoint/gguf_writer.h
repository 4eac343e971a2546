// Writes a GGUF version 3 file that llama.cpp loads. The header is written first, so names, types and shapes are known
// up front; the bytes follow in any number of pieces, so that no tensor need be in memory whole.
//
//   GgufWriter writer(path, metadata, {{"token_embd.weight", DType::kF16, {vocab, width}}, ...});
//   for (each tensor, in that order) writer.Append(name, bytes);   // once or more a tensor
//   writer.Commit();                                               // nothing is at `path` before
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "base/file_writer.h"
#include "checkpoint/append_order.h"
#include "checkpoint/metadata.h"
#include "checkpoint/tensor_spec.h"

namespace sheepop {

class GgufWriter {
 public:
  // Tensors begin at multiples of `general.alignment` (32 without that key). kInvalidArgument, naming the tensor or
  // key: names that are empty, repeated or longer than the 63 bytes that llama.cpp takes; shapes of other than 1 to 4
  // dimensions, with a zero or too large; rows that are not whole blocks; numbers that do not fit their GgufType.
  GgufWriter(std::filesystem::path path, const Metadata& metadata, std::vector<TensorSpec> tensors);

  // The next bytes of `tensor`, which is the one in progress or, when that is complete, the next in order.
  void Append(std::string_view tensor, std::span<const std::byte> bytes);

  // Every tensor must be complete. Throws kIo as FileWriter does.
  void Commit();

  // A tensor of this name, [kDigestFloats] in F32 and the last one, is written by Commit: SHA-256, in hexadecimal, of all
  // bytes of the file before it. RequireDigest checks it.
  static constexpr const char* kDigestTensor = "sheepop.sha256";
  static constexpr uint64_t kDigestFloats = 16;

 private:
  void WriteHeader(const Metadata& metadata);
  void Pad();
  bool HasDigest() const;

  AppendOrder order_;
  uint64_t alignment_;
  FileWriter file_;
};

class Checkpoint;

// Reads the whole file. Throws kCorrupt when its bytes are not those that its digest was made of; does nothing for files
// that have none.
void RequireDigest(const Checkpoint& checkpoint);

}  // namespace sheepop
