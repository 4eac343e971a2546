#include "checkpoint/mxfp4_tensors.h"

#include <cassert>
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

constexpr size_t kBlockBytes = kCodeBytes + 1;

class Mxfp4Form final : public TensorForm {
 public:
  Mxfp4Form(const SafetensorsFile& blocks_file, const SafetensorsFile& scales_file, std::span<const std::byte> blocks,
            std::span<const std::byte> scales)
      : blocks_file_(blocks_file), scales_file_(scales_file), blocks_(blocks), scales_(scales) {}

  void Read(size_t begin, std::span<std::byte> out) const override {
    assert(begin % kBlockBytes == 0 && out.size() % kBlockBytes == 0);
    const size_t first = begin / kBlockBytes;
    for (size_t i = 0; i < out.size() / kBlockBytes; ++i) {
      const std::byte* codes = blocks_.data() + (first + i) * kCodeBytes;
      std::byte* block = out.data() + i * kBlockBytes;
      block[0] = scales_[first + i];
      for (size_t value = 0; value < kCodeBytes; ++value) {
        const auto code = [&](size_t which) { return codes[which / 2] >> (which % 2 * 4) & std::byte{15}; };
        block[1 + value] = code(value) | code(value + kCodeBytes) << 4;
      }
    }
  }

  void Release(size_t begin, size_t size) const override {
    blocks_file_.Release(blocks_.subspan(begin / kBlockBytes * kCodeBytes, size / kBlockBytes * kCodeBytes));
    scales_file_.Release(scales_.subspan(begin / kBlockBytes, size / kBlockBytes));
  }

 private:
  const SafetensorsFile &blocks_file_, &scales_file_;
  std::span<const std::byte> blocks_, scales_;
};

}  // namespace

ConvertedTensors ReadMxfp4Tensors(const std::vector<SafetensorsFile>& files) {
  struct Found {
    const SafetensorsFile* file;
    const UnreadableTensor* tensor;
  };
  std::unordered_map<std::string_view, Found> found;
  for (const SafetensorsFile& file : files) {
    for (const UnreadableTensor& tensor : file.unreadable()) {
      if (IsBytes(tensor)) found.emplace(tensor.name, Found{&file, &tensor});
    }
  }
  ConvertedTensors out;
  for (const auto& [name, blocks] : found) {
    if (!name.ends_with(kBlocks)) continue;
    const std::string stem(name.substr(0, name.size() - kBlocks.size()));
    const auto scales = found.find(stem + std::string(kScales));
    if (scales == found.end()) continue;
    const UnreadableTensor& of_scales = *scales->second.tensor;
    RequireFit(*blocks.tensor, of_scales);
    std::vector<uint64_t> shape = of_scales.shape;
    shape.back() *= 2 * kCodeBytes;
    out.forms.push_back(
        std::make_unique<Mxfp4Form>(*blocks.file, *scales->second.file, blocks.tensor->bytes, of_scales.bytes));
    out.tensors.push_back(
        {stem, DType::kMXFP4, std::move(shape), {}, out.forms.back().get(), 0, of_scales.bytes.size() * kBlockBytes});
  }
  return out;
}

}  // namespace sheepop
