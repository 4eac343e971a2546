#include "checkpoint/gguf_writer.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/quoted.h"
#include "base/sha256.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/gguf.h"

namespace sheepop {
namespace {

using Entry = Metadata::Entry;
using GgufType = Metadata::GgufType;

constexpr size_t kMaxTensorNameBytes = 63;
constexpr size_t kMaxDimensions = 4;

template <typename T>
void Put(FileWriter& file, T value) {
  file.Write(std::as_bytes(std::span(&value, 1)));
}

void PutString(FileWriter& file, std::string_view text) {
  Put<uint64_t>(file, text.size());
  file.Write(text);
}

template <typename Stored, typename Kept>
void PutNumber(FileWriter& file, const Entry& entry, Kept value) {
  if constexpr (std::is_integral_v<Stored> && std::is_integral_v<Kept>) {
    if (!std::in_range<Stored>(value)) {
      throw Error(ErrorCategory::kInvalidArgument, "metadata key {} holds {}, which does not fit {}", Quoted(entry.key),
                  value, Name(entry.type));
    }
  }
  Put(file, static_cast<Stored>(value));
}

template <typename Kept>
void PutOne(FileWriter& file, const Entry& entry, const Kept& value) {
  if constexpr (std::is_same_v<Kept, std::string>) {
    PutString(file, value);
  } else {
    switch (entry.type) {
      case GgufType::kUint8: return PutNumber<uint8_t>(file, entry, value);
      case GgufType::kInt8: return PutNumber<int8_t>(file, entry, value);
      case GgufType::kUint16: return PutNumber<uint16_t>(file, entry, value);
      case GgufType::kInt16: return PutNumber<int16_t>(file, entry, value);
      case GgufType::kUint32: return PutNumber<uint32_t>(file, entry, value);
      case GgufType::kInt32: return PutNumber<int32_t>(file, entry, value);
      case GgufType::kUint64: return PutNumber<uint64_t>(file, entry, value);
      case GgufType::kInt64: return PutNumber<int64_t>(file, entry, value);
      case GgufType::kFloat32: return PutNumber<float>(file, entry, value);
      case GgufType::kFloat64: return PutNumber<double>(file, entry, value);
      case GgufType::kBool: return Put<uint8_t>(file, value != Kept{} ? 1 : 0);
      case GgufType::kString:
      case GgufType::kArray: assert(false);
    }
  }
}

struct PutValue {
  FileWriter& file;
  const Entry& entry;

  void operator()(bool value) const { Scalar(static_cast<uint64_t>(value)); }
  template <typename Kept>
  void operator()(const Kept& value) const {
    Scalar(value);
  }
  template <typename Kept>
  void operator()(const std::vector<Kept>& values) const {
    Put(file, GgufType::kArray);
    Put(file, entry.type);
    Put<uint64_t>(file, values.size());
    for (const Kept& value : values) PutOne(file, entry, value);
  }

 private:
  template <typename Kept>
  void Scalar(const Kept& value) const {
    Put(file, entry.type);
    PutOne(file, entry, value);
  }
};

uint64_t RoundUp(uint64_t value, uint64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

uint64_t CheckedSize(const TensorSpec& tensor) {
  const auto fail = [&](std::string_view what) {
    throw Error(ErrorCategory::kInvalidArgument, "tensor {} cannot be written as GGUF: {}", Quoted(tensor.name), what);
  };
  if (tensor.name.empty() || tensor.name.size() > kMaxTensorNameBytes) {
    fail(fmt::format("its name has {} bytes, must have 1 to {}", tensor.name.size(), kMaxTensorNameBytes));
  }
  if (tensor.shape.empty() || tensor.shape.size() > kMaxDimensions) {
    fail(fmt::format("it has {} dimensions, must have 1 to {}", tensor.shape.size(), kMaxDimensions));
  }
  const std::optional<uint64_t> size = ByteCount(tensor.type, tensor.shape);
  if (!size) {
    fail(fmt::format("its shape {} is empty, too large or has rows that are not whole {} blocks of {}",
                     ShapeText(tensor.shape), Info(tensor.type).name, Info(tensor.type).block_size));
  }
  return *size;
}

AppendOrder CheckedOrder(std::vector<TensorSpec> tensors) {
  std::vector<uint64_t> sizes;
  std::unordered_set<std::string_view> names;
  for (const TensorSpec& tensor : tensors) {
    sizes.push_back(CheckedSize(tensor));
    if (!names.insert(tensor.name).second) {
      throw Error(ErrorCategory::kInvalidArgument, "tensor {} appears twice", Quoted(tensor.name));
    }
  }
  return {std::move(tensors), std::move(sizes)};
}

}  // namespace

GgufWriter::GgufWriter(std::filesystem::path path, const Metadata& metadata, std::vector<TensorSpec> tensors)
    : order_(CheckedOrder(std::move(tensors))), alignment_(GgufAlignment(metadata)), file_(std::move(path)) {
  if (HasDigest()) file_.BeginDigest();
  WriteHeader(metadata);
  Pad();
  uint64_t all = file_.written();
  for (const uint64_t size : order_.sizes()) all += RoundUp(size, alignment_);
  file_.Expect(all);
}

bool GgufWriter::HasDigest() const {
  return !order_.tensors().empty() && order_.tensors().back().name == kDigestTensor;
}

void GgufWriter::WriteHeader(const Metadata& metadata) {
  file_.Write("GGUF");
  Put<uint32_t>(file_, 3);
  Put<uint64_t>(file_, order_.tensors().size());
  Put<uint64_t>(file_, metadata.entries().size());
  for (const Entry& entry : metadata.entries()) {
    PutString(file_, entry.key);
    std::visit(PutValue{file_, entry}, entry.value);
  }
  uint64_t offset = 0;
  for (size_t i = 0; i < order_.tensors().size(); ++i) {
    const TensorSpec& tensor = order_.tensors()[i];
    PutString(file_, tensor.name);
    Put(file_, static_cast<uint32_t>(tensor.shape.size()));
    for (size_t d = tensor.shape.size(); d-- > 0;) Put<uint64_t>(file_, tensor.shape[d]);
    Put(file_, static_cast<uint32_t>(tensor.type));
    Put<uint64_t>(file_, offset);
    offset = RoundUp(offset + order_.sizes()[i], alignment_);
  }
}

void GgufWriter::Append(std::string_view tensor, std::span<const std::byte> bytes) {
  file_.Write(bytes);
  if (order_.Advance(tensor, bytes.size())) Pad();
}

void GgufWriter::Commit() {
  if (HasDigest()) {
    const std::string digest = file_.Digest();
    Append(kDigestTensor, std::as_bytes(std::span(digest)));
  }
  assert(order_.complete());
  file_.Commit();
}

void GgufWriter::Pad() {
  static constexpr std::array<std::byte, 4096> kZeros{};
  for (uint64_t left = RoundUp(file_.written(), alignment_) - file_.written(); left > 0;) {
    const uint64_t piece = std::min<uint64_t>(left, kZeros.size());
    file_.Write(std::span(kZeros).first(piece));
    left -= piece;
  }
}

void RequireDigest(const Checkpoint& checkpoint) {
  const GgufFile* gguf = checkpoint.gguf();
  const TensorInfo* digest = gguf ? gguf->Find(GgufWriter::kDigestTensor) : nullptr;
  if (!digest) return;
  const MappedFile file = MappedFile::Open(checkpoint.path());
  const uint64_t tail = RoundUp(GgufWriter::kDigestFloats * sizeof(float), GgufAlignment(gguf->metadata()));
  const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  const std::string_view stated(reinterpret_cast<const char*>(digest->bytes.data()), digest->bytes.size());
  if (bytes.size() > tail && Sha256Hex(bytes.substr(0, bytes.size() - tail)) == stated) return;
  throw Error(ErrorCategory::kCorrupt, "{}: the bytes of the file are not those that were written",
              checkpoint.path().string());
}

}  // namespace sheepop
