#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "checkpoint/f8_tensors.h"
#include "checkpoint/mxfp4_tensors.h"
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

void ReadThrough(const sheepop::ConvertedTensors& converted) {
  for (const sheepop::TensorInfo& tensor : converted.tensors) {
    std::vector<std::byte> bytes;
    std::vector<float> values(tensor.size() / sheepop::Info(tensor.type).block_bytes *
                              sheepop::Info(tensor.type).block_size);
    sheepop::Dequantise(tensor.type, tensor.Read(0, tensor.size(), bytes), values);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    std::vector<sheepop::SafetensorsFile> files;
    files.push_back(sheepop::SafetensorsFile::Parse(std::as_bytes(std::span(data, size))));
    ReadThrough(files[0]);
    ReadThrough(sheepop::ReadF8Tensors(files));
    ReadThrough(sheepop::ReadMxfp4Tensors(files));
  } catch (const sheepop::Error&) {
  }
  return 0;
}
