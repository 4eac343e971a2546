#include "checkpoint/f8_tensors.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/half.h"
#include "base/quoted.h"
#include "checkpoint/tensor_spec.h"
#include "tensor/dequantise.h"

namespace sheepop {
namespace {

constexpr std::string_view kF8 = "F8_E4M3";
constexpr uint64_t kBlock = 128;  // rows and columns that share a scale

// E4M3 is fp16 without its last 7 bits, but for the exponent's bias.
constexpr size_t kCodes = 256;
std::array<float, kCodes> F8Values() {
  std::array<float, kCodes> values{};
  for (size_t code = 0; code < kCodes; ++code) {
    const size_t magnitude = code & 127, sign = code >> 7;
    values[code] = magnitude == 127 ? std::numeric_limits<float>::quiet_NaN()
                                    : HalfToFloat(static_cast<uint16_t>(sign << 15 | magnitude << 7)) * 256;
  }
  return values;
}

// Those that are read, by name.
std::unordered_map<std::string_view, const TensorInfo*> ReadableTensors(const std::vector<SafetensorsFile>& files) {
  std::unordered_map<std::string_view, const TensorInfo*> out;
  for (const SafetensorsFile& file : files) {
    for (const TensorInfo& tensor : file.tensors()) out.emplace(tensor.name, &tensor);
  }
  return out;
}

uint64_t BlocksOf(uint64_t size) { return (size + kBlock - 1) / kBlock; }

// How the scales lie: one for all, or a matrix of them.
bool IsOneScale(const TensorInfo& scales) { return ElementCount(scales.shape) == 1; }

void RequireFit(const UnreadableTensor& tensor, const TensorInfo& scales) {
  if (ElementCount(tensor.shape) != tensor.bytes.size()) {
    throw Error(ErrorCategory::kCorrupt, "tensor {} has {} bytes, but shape {} as {} has another size",
                Quoted(tensor.name), tensor.bytes.size(), ShapeText(tensor.shape), kF8);
  }
  if (IsOneScale(scales)) return;
  if (tensor.shape.size() == 2 &&
      scales.shape == std::vector<uint64_t>{BlocksOf(tensor.shape[0]), BlocksOf(tensor.shape[1])}) {
    return;
  }
  throw Error(
      ErrorCategory::kUnsupported,
      "tensor {} of shape {} has scales {} of shape {}; one scale is read, or one for every block of {} x {} of "
      "a matrix",
      Quoted(tensor.name), ShapeText(tensor.shape), Quoted(scales.name), ShapeText(scales.shape), kBlock, kBlock);
}

std::vector<std::byte> ToBf16(const UnreadableTensor& tensor, const TensorInfo& scales) {
  static const std::array<float, kCodes> kValues = F8Values();
  std::vector<float> factors(ElementCount(scales.shape).value_or(0));
  Dequantise(scales.type, scales.bytes, factors);
  // One scale is that of a block of everything.
  const bool one = IsOneScale(scales);
  const uint64_t cols = one ? tensor.bytes.size() : tensor.shape[1], block_cols = one ? cols : kBlock;
  std::vector<std::byte> out(2 * tensor.bytes.size());
  for (size_t begin = 0; begin < tensor.bytes.size(); begin += cols) {
    const float* factor = &factors[one ? 0 : begin / cols / kBlock * BlocksOf(cols)];
    for (uint64_t col = 0; col < cols; ++factor) {
      for (const uint64_t end = std::min(cols, col + block_cols); col < end; ++col) {
        const size_t at = begin + col;
        const uint16_t bits = FloatToBf16(kValues[static_cast<size_t>(tensor.bytes[at])] * *factor);
        std::memcpy(&out[2 * at], &bits, sizeof(bits));
      }
    }
  }
  return out;
}

}  // namespace

ConvertedTensors ReadF8Tensors(const std::vector<SafetensorsFile>& files) {
  ConvertedTensors out;
  const auto readable = ReadableTensors(files);
  for (const SafetensorsFile& file : files) {
    for (const UnreadableTensor& tensor : file.unreadable()) {
      if (tensor.type != kF8) continue;
      const auto found = readable.find(tensor.name + "_scale_inv");
      if (found == readable.end()) continue;
      const TensorInfo* scales = found->second;
      RequireFit(tensor, *scales);
      out.bytes.push_back(ToBf16(tensor, *scales));
      out.tensors.push_back({tensor.name, DType::kBF16, tensor.shape, out.bytes.back()});
      out.consumed.insert(scales->name);
      const size_t stem = tensor.name.ends_with(".weight") ? tensor.name.size() - 6 : tensor.name.size();
      out.consumed.insert(tensor.name.substr(0, stem) + "activation_scale");
    }
  }
  return out;
}

}  // namespace sheepop
