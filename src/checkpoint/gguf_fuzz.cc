#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "checkpoint/gguf.h"
#include "tensor/dequantise.h"

// A file that parses is also read through: every typed read, and the first row of every tensor.
namespace {

using sheepop::Error;

template <typename Read>
void MayThrow(const Read& read) {
  try {
    read();
  } catch (const Error&) {
  }
}

void ReadThrough(const sheepop::GgufFile& file) {
  const sheepop::Metadata& metadata = file.metadata();
  for (const auto& entry : metadata.entries()) {
    MayThrow([&] { metadata.Int(entry.key); });
    MayThrow([&] { metadata.Float(entry.key); });
    MayThrow([&] { metadata.Ints(entry.key); });
    MayThrow([&] { metadata.Floats(entry.key); });
    MayThrow([&] { metadata.Strings(entry.key); });
    if (metadata.Find(entry.key) != &entry) __builtin_trap();
  }
  for (const sheepop::TensorInfo& tensor : file.tensors()) {
    if (file.Find(tensor.name) != &tensor) __builtin_trap();
    std::vector<float> row(tensor.shape.back());
    sheepop::Dequantise(tensor.type, tensor.bytes.first(sheepop::RowBytes(tensor.type, row.size())), row);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  MayThrow([&] { ReadThrough(sheepop::GgufFile::Parse(std::as_bytes(std::span(data, size)))); });
  return 0;
}
