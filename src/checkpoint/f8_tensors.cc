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

class F8Form final : public TensorForm {
 public:
  F8Form(const SafetensorsFile& file, const UnreadableTensor& tensor, const TensorInfo& scales)
      : file_(file), codes_(tensor.bytes), factors_(ElementCount(scales.shape).value_or(0)) {
    Dequantise(scales.type, scales.bytes, factors_);
    if (!IsOneScale(scales)) cols_ = tensor.shape[1];
  }

  void Read(size_t begin, std::span<std::byte> out) const override {
    static const std::array<float, kCodes> kValues = F8Values();
    const size_t first = begin / sizeof(uint16_t), end = first + out.size() / sizeof(uint16_t);
    for (size_t at = first; at < end;) {
      // As far as one scale reaches.
      size_t scale = 0, until = end;
      if (cols_ > 0) {
        const size_t row = at / cols_, col = at % cols_;
        scale = row / kBlock * BlocksOf(cols_) + col / kBlock;
        until = std::min(end, row * cols_ + std::min<size_t>(cols_, (col / kBlock + 1) * kBlock));
      }
      for (; at < until; ++at) {
        const uint16_t bits = FloatToBf16(kValues[static_cast<size_t>(codes_[at])] * factors_[scale]);
        std::memcpy(&out[(at - first) * sizeof(bits)], &bits, sizeof(bits));
      }
    }
  }

  void Release(size_t begin, size_t size) const override { file_.Release(codes_.subspan(begin / 2, size / 2)); }

 private:
  const SafetensorsFile& file_;
  std::span<const std::byte> codes_;
  std::vector<float> factors_;
  size_t cols_ = 0;  // of a matrix with a scale for each block; 0: one scale
};

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
      out.forms.push_back(std::make_unique<F8Form>(file, tensor, *scales));
      out.tensors.push_back(
          {tensor.name, DType::kBF16, tensor.shape, {}, out.forms.back().get(), 0, 2 * tensor.bytes.size()});
      out.consumed.insert(scales->name);
      const size_t stem = tensor.name.ends_with(".weight") ? tensor.name.size() - 6 : tensor.name.size();
      out.consumed.insert(tensor.name.substr(0, stem) + "activation_scale");
    }
  }
  return out;
}

}  // namespace sheepop
