#include "checkpoint/mxfp4_tensors.h"

#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "base/error.h"
#include "base/quoted.h"
#include "checkpoint/tensor_spec.h"

namespace sheepop {
namespace {

constexpr std::string_view kBlocks = "_blocks", kScales = "_scales", kBytes = "U8";
constexpr size_t kCodeBytes = 16;  // of a block of 32 values

bool IsBytes(const UnreadableTensor& tensor) { return tensor.type == kBytes; }

void RequireFit(const UnreadableTensor& blocks, const UnreadableTensor& scales) {
  const bool whole =
      ElementCount(blocks.shape) == blocks.bytes.size() && ElementCount(scales.shape) == scales.bytes.size();
  std::vector<uint64_t> wanted = scales.shape;
  wanted.push_back(kCodeBytes);
  if (whole && !scales.shape.empty() && blocks.shape == wanted) return;
  throw Error(
      ErrorCategory::kCorrupt,
      "tensors {} of shape {} with {} bytes and {} of shape {} with {} bytes are no weights in MXFP4: blocks are "
      "[.., 16], with a scale for each",
      Quoted(blocks.name), ShapeText(blocks.shape), blocks.bytes.size(), Quoted(scales.name), ShapeText(scales.shape),
      scales.bytes.size());
}

std::vector<std::byte> ToRows(const UnreadableTensor& blocks, const UnreadableTensor& scales) {
  std::vector<std::byte> out(scales.bytes.size() * (kCodeBytes + 1));
  for (size_t i = 0; i < scales.bytes.size(); ++i) {
    const std::byte* codes = blocks.bytes.data() + i * kCodeBytes;
    std::byte* block = out.data() + i * (kCodeBytes + 1);
    block[0] = scales.bytes[i];
    for (size_t value = 0; value < kCodeBytes; ++value) {
      const auto code = [&](size_t which) { return codes[which / 2] >> (which % 2 * 4) & std::byte{15}; };
      block[1 + value] = code(value) | code(value + kCodeBytes) << 4;
    }
  }
  return out;
}

}  // namespace

ConvertedTensors ReadMxfp4Tensors(const std::vector<SafetensorsFile>& files) {
  std::unordered_map<std::string_view, const UnreadableTensor*> found;
  for (const SafetensorsFile& file : files) {
    for (const UnreadableTensor& tensor : file.unreadable()) {
      if (IsBytes(tensor)) found.emplace(tensor.name, &tensor);
    }
  }
  ConvertedTensors out;
  for (const auto& [name, blocks] : found) {
    if (!name.ends_with(kBlocks)) continue;
    const std::string stem(name.substr(0, name.size() - kBlocks.size()));
    const auto scales = found.find(stem + std::string(kScales));
    if (scales == found.end()) continue;
    RequireFit(*blocks, *scales->second);
    std::vector<uint64_t> shape = scales->second->shape;
    shape.back() *= 2 * kCodeBytes;
    out.bytes.push_back(ToRows(*blocks, *scales->second));
    out.tensors.push_back({stem, DType::kMXFP4, std::move(shape), out.bytes.back()});
  }
  return out;
}

}  // namespace sheepop
