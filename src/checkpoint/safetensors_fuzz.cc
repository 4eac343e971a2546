#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "checkpoint/safetensors.h"
#include "tensor/dequantise.h"

namespace {

void ReadThrough(const sheepop::SafetensorsFile& file) {
  for (const sheepop::TensorInfo& tensor : file.tensors()) {
    if (file.Find(tensor.name) != &tensor) __builtin_trap();
    std::vector<float> values(tensor.bytes.size() / sheepop::RowBytes(tensor.type, 1));
    sheepop::Dequantise(tensor.type, tensor.bytes, values);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    ReadThrough(sheepop::SafetensorsFile::Parse(std::as_bytes(std::span(data, size))));
  } catch (const sheepop::Error&) {
  }
  return 0;
}
