#include "checkpoint/gguf.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/file_kind.h"
#include "base/quoted.h"
#include "checkpoint/tensor_spec.h"

namespace sheepop {
namespace {

using GgufType = Metadata::GgufType;

constexpr uint64_t kMaxNameBytes = 65535;
constexpr uint32_t kMaxDimensions = 4;
constexpr uint64_t kMaxAlignment = 1 << 20;

// The least bytes that a metadata entry (key length, type, a one-byte value) and a tensor entry (name length, dimension
// count, one dimension, type, offset) can take: what bounds their counts by the size of the file.
constexpr uint64_t kMinEntryBytes = 8 + 4 + 1;
constexpr uint64_t kMinTensorBytes = 8 + 4 + 8 + 4 + 8;

// Takes fields off the front of a file. Errors name the file, `where` (the entry being read) and the field.
class Reader {
 public:
  Reader(std::span<const std::byte> bytes, std::string_view name) : bytes_(bytes), name_(name) {}

  std::string where = "header";

  size_t offset() const { return offset_; }
  size_t left() const { return bytes_.size() - offset_; }

  template <typename... Args>
  [[noreturn]] void Fail(ErrorCategory category, fmt::format_string<Args...> format, Args&&... args) const {
    throw Error(category, "{}: {}: {}", name_, where, fmt::format(format, std::forward<Args>(args)...));
  }

  template <typename T>
  T Take(std::string_view field) {
    if (left() < sizeof(T)) {
      Fail(ErrorCategory::kCorrupt, "the file ends inside {} (at byte {} of {}); it is cut short", field, offset_,
           bytes_.size());
    }
    T value;
    std::memcpy(&value, bytes_.data() + offset_, sizeof(T));
    offset_ += sizeof(T);
    return value;
  }

  // A number of things that take at least `min_bytes` each.
  uint64_t TakeCount(std::string_view field, uint64_t min_bytes) {
    const auto count = Take<uint64_t>(field);
    if (count > left() / min_bytes) {
      Fail(ErrorCategory::kCorrupt,
           "{} is {}, more than the {} bytes left in the file can hold; the file is damaged or cut short", field, count,
           left());
    }
    return count;
  }

  std::string_view TakeString(std::string_view field, uint64_t max_bytes = UINT64_MAX) {
    const auto length = Take<uint64_t>(field);
    if (length > max_bytes) {
      Fail(ErrorCategory::kCorrupt, "{} is {} bytes long, the bound is {}", field, length, max_bytes);
    }
    if (length > left()) {
      Fail(ErrorCategory::kCorrupt,
           "{} is {} bytes long, but only {} bytes are left in the file; it is damaged or cut short", field, length,
           left());
    }
    const auto* text = reinterpret_cast<const char*>(bytes_.data() + offset_);
    offset_ += length;
    return {text, static_cast<size_t>(length)};
  }

 private:
  std::span<const std::byte> bytes_;
  std::string_view name_;
  size_t offset_ = 0;
};

bool TakeBool(Reader& reader) {
  const auto byte = reader.Take<uint8_t>("the value");
  if (byte > 1) reader.Fail(ErrorCategory::kCorrupt, "a bool holds {}, must be 0 or 1", byte);
  return byte == 1;
}

template <typename Stored, typename Kept>
Metadata::Value TakeNumber(Reader& reader) {
  return static_cast<Kept>(reader.Take<Stored>("the value"));
}

Metadata::Value TakeScalar(Reader& reader, GgufType type) {
  switch (type) {
    case GgufType::kUint8: return TakeNumber<uint8_t, uint64_t>(reader);
    case GgufType::kInt8: return TakeNumber<int8_t, int64_t>(reader);
    case GgufType::kUint16: return TakeNumber<uint16_t, uint64_t>(reader);
    case GgufType::kInt16: return TakeNumber<int16_t, int64_t>(reader);
    case GgufType::kUint32: return TakeNumber<uint32_t, uint64_t>(reader);
    case GgufType::kInt32: return TakeNumber<int32_t, int64_t>(reader);
    case GgufType::kUint64: return TakeNumber<uint64_t, uint64_t>(reader);
    case GgufType::kInt64: return TakeNumber<int64_t, int64_t>(reader);
    case GgufType::kFloat32: return TakeNumber<float, double>(reader);
    case GgufType::kFloat64: return TakeNumber<double, double>(reader);
    case GgufType::kBool: return TakeBool(reader);
    case GgufType::kString: return std::string(reader.TakeString("the string"));
    case GgufType::kArray: break;
  }
  reader.Fail(ErrorCategory::kCorrupt, "the value type {} is no GGUF type", static_cast<uint32_t>(type));
}

template <typename Kept, typename TakeOne>
Metadata::Value TakeElements(Reader& reader, uint64_t min_bytes, const TakeOne& take_one) {
  const uint64_t count = reader.TakeCount("the array length", min_bytes);
  std::vector<Kept> values;
  values.reserve(count);
  for (uint64_t i = 0; i < count; ++i) values.push_back(take_one());
  return values;
}

template <typename Stored, typename Kept>
Metadata::Value TakeNumbers(Reader& reader) {
  return TakeElements<Kept>(reader, sizeof(Stored),
                            [&] { return static_cast<Kept>(reader.Take<Stored>("an array element")); });
}

Metadata::Value TakeArray(Reader& reader, GgufType type) {
  switch (type) {
    case GgufType::kUint8: return TakeNumbers<uint8_t, uint64_t>(reader);
    case GgufType::kInt8: return TakeNumbers<int8_t, int64_t>(reader);
    case GgufType::kUint16: return TakeNumbers<uint16_t, uint64_t>(reader);
    case GgufType::kInt16: return TakeNumbers<int16_t, int64_t>(reader);
    case GgufType::kUint32: return TakeNumbers<uint32_t, uint64_t>(reader);
    case GgufType::kInt32: return TakeNumbers<int32_t, int64_t>(reader);
    case GgufType::kUint64: return TakeNumbers<uint64_t, uint64_t>(reader);
    case GgufType::kInt64: return TakeNumbers<int64_t, int64_t>(reader);
    case GgufType::kFloat32: return TakeNumbers<float, double>(reader);
    case GgufType::kFloat64: return TakeNumbers<double, double>(reader);
    case GgufType::kBool:
      return TakeElements<uint8_t>(reader, 1, [&] { return static_cast<uint8_t>(TakeBool(reader)); });
    case GgufType::kString:
      return TakeElements<std::string>(reader, 8, [&] { return std::string(reader.TakeString("an array string")); });
    case GgufType::kArray: reader.Fail(ErrorCategory::kUnsupported, "holds nested arrays, which no model uses");
  }
  reader.Fail(ErrorCategory::kCorrupt, "the array element type {} is no GGUF type", static_cast<uint32_t>(type));
}

void TakeMetadata(Reader& reader, uint64_t count, Metadata& metadata) {
  for (uint64_t i = 0; i < count; ++i) {
    reader.where = fmt::format("metadata entry {} of {}", i + 1, count);
    const std::string_view key = reader.TakeString("the key", kMaxNameBytes);
    reader.where = fmt::format("metadata key {}", Quoted(key));
    if (metadata.Find(key)) reader.Fail(ErrorCategory::kCorrupt, "appears twice");
    auto type = GgufType{reader.Take<uint32_t>("the value type")};
    Metadata::Value value;
    if (type == GgufType::kArray) {
      type = GgufType{reader.Take<uint32_t>("the array element type")};
      value = TakeArray(reader, type);
    } else {
      value = TakeScalar(reader, type);
    }
    metadata.Set(std::string(key), type, std::move(value));
  }
}

void RefuseSplit(const Metadata& metadata) {
  const int64_t parts = metadata.Int("split.count").value_or(1);
  if (parts <= 1) return;
  throw Error(
      ErrorCategory::kUnsupported,
      "metadata key \"split.count\" says that the model is in {} parts, which are not read here; join them with "
      "llama.cpp's `llama-gguf-split --merge FIRST_PART JOINED`",
      parts);
}

std::vector<uint64_t> TakeShape(Reader& reader) {
  const auto dimensions = reader.Take<uint32_t>("the dimension count");
  if (dimensions < 1 || dimensions > kMaxDimensions) {
    reader.Fail(ErrorCategory::kCorrupt, "has {} dimensions, must have 1 to {}", dimensions, kMaxDimensions);
  }
  std::vector<uint64_t> shape(dimensions);
  for (uint64_t& size : shape) size = reader.Take<uint64_t>("a dimension");
  std::ranges::reverse(shape);
  if (std::ranges::find(shape, 0u) != shape.end()) {
    reader.Fail(ErrorCategory::kCorrupt, "has a dimension of 0 in its shape {}", ShapeText(shape));
  }
  if (!ElementCount(shape)) {
    reader.Fail(ErrorCategory::kCorrupt, "its shape {} has more elements than 2^63 - 1", ShapeText(shape));
  }
  return shape;
}

DType TakeType(Reader& reader) {
  const auto number = reader.Take<uint32_t>("the weight type");
  const std::optional<DType> type = DTypeFromGguf(number);
  if (!type) {
    const std::string_view name = GgufTypeName(number);
    if (name.starts_with("IQ1") || name.starts_with("IQ2") || name.starts_with("IQ3")) {
      reader.Fail(
          ErrorCategory::kUnsupported,
          "has weight type {} (number {}), which is not read here: its values are rows of tables that come from "
          "another program and follow from no formula; get the model as IQ4_XS, or as Q3_K or Q2_K if it must "
          "be smaller",
          name, number);
    }
    reader.Fail(ErrorCategory::kUnsupported,
                "has weight type {} (number {}), which is not read here; get the model as one of {}", name, number,
                DTypeNames());
  }
  return *type;
}

// A tensor entry with its place in the data section; the bytes are attached once that section's start is known.
struct Placed {
  TensorInfo info;
  uint64_t offset;  // from the start of the data section
  uint64_t size;    // once all entries are read
};

Placed TakeTensor(Reader& reader, uint64_t alignment) {
  const std::string_view name = reader.TakeString("the name", kMaxNameBytes);
  reader.where = fmt::format("tensor {}", Quoted(name));
  std::vector<uint64_t> shape = TakeShape(reader);
  const DType type = TakeType(reader);
  const auto offset = reader.Take<uint64_t>("the offset");
  if (offset % alignment != 0) {
    reader.Fail(ErrorCategory::kCorrupt, "its offset {} is not a multiple of the alignment {}", offset, alignment);
  }
  return {{std::string(name), type, std::move(shape), {}}, offset, 0};
}

uint64_t RequireSize(const Reader& reader, DType type, const std::vector<uint64_t>& shape) {
  const DTypeInfo& info = Info(type);
  if (shape.back() % info.block_size != 0) {
    reader.Fail(ErrorCategory::kCorrupt, "its rows of {} values (shape {}) are not whole blocks of {} {} values",
                shape.back(), ShapeText(shape), info.block_size, info.name);
  }
  const std::optional<uint64_t> size = ByteCount(type, shape);
  if (!size) {
    reader.Fail(ErrorCategory::kCorrupt, "its size, shape {} as {}, is past 2^63 - 1 bytes", ShapeText(shape),
                info.name);
  }
  return *size;
}

// The type that early files of a fork have under the number of another one.
std::optional<DType> ForkType(DType type) {
  if (type == DType::kNVFP4) return DType::kQ1_0;
  if (type == DType::kQ1_0) return DType::kQ2_0;
  return std::nullopt;
}

// Of two types with one number, that whose tensor fills the room to the next one, but for the padding.
void ChooseForkType(const Reader& reader, uint64_t room, uint64_t alignment, TensorInfo& tensor) {
  const std::optional<DType> other = ForkType(tensor.type);
  if (!other) return;
  const auto fills = [&](DType type) {
    const std::optional<uint64_t> size = ByteCount(type, tensor.shape);
    return size && *size <= room && room - *size < alignment;
  };
  if (fills(tensor.type)) return;
  if (!fills(*other)) {
    reader.Fail(ErrorCategory::kUnsupported,
                "has weight type number {}, which is {}, and {} in early files of a fork, but the {} bytes to the next "
                "tensor hold its shape {} as neither; the file is damaged or of another fork: get a newer one",
                static_cast<uint32_t>(tensor.type), Info(tensor.type).name, Info(*other).name, room,
                ShapeText(tensor.shape));
  }
  tensor.type = *other;
}

std::vector<Placed> TakeTensors(Reader& reader, uint64_t count, uint64_t alignment) {
  std::vector<Placed> tensors;
  tensors.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    reader.where = fmt::format("tensor entry {} of {}", i + 1, count);
    tensors.push_back(TakeTensor(reader, alignment));
  }
  return tensors;
}

// Types and sizes from what lies where. Bytes that several tensors share would let a small file ask for any amount of
// memory.
void SettleSizes(Reader& reader, uint64_t data_bytes, uint64_t alignment, std::vector<Placed>& tensors) {
  std::vector<Placed*> sorted;
  for (Placed& tensor : tensors) sorted.push_back(&tensor);
  std::ranges::sort(sorted, {}, &Placed::offset);
  for (size_t i = 0; i < sorted.size(); ++i) {
    const uint64_t begin = sorted[i]->offset, end = i + 1 < sorted.size() ? sorted[i + 1]->offset : data_bytes;
    reader.where = fmt::format("tensor {}", Quoted(sorted[i]->info.name));
    ChooseForkType(reader, end > begin ? end - begin : 0, alignment, sorted[i]->info);
    sorted[i]->size = RequireSize(reader, sorted[i]->info.type, sorted[i]->info.shape);
    if (i == 0 || begin - sorted[i - 1]->offset >= sorted[i - 1]->size) continue;
    reader.Fail(ErrorCategory::kCorrupt, "its offset {} lies inside tensor {}", sorted[i]->offset,
                Quoted(sorted[i - 1]->info.name));
  }
}

void AttachBytes(Reader& reader, std::span<const std::byte> data, Placed& tensor) {
  if (tensor.offset > data.size() || tensor.size > data.size() - tensor.offset) {
    reader.where = fmt::format("tensor {}", Quoted(tensor.info.name));
    reader.Fail(ErrorCategory::kCorrupt,
                "its {} bytes at offset {} leave the file, whose data section has {} bytes; the file is cut short or "
                "its offset is wrong",
                tensor.size, tensor.offset, data.size());
  }
  tensor.info.bytes = data.subspan(tensor.offset, tensor.size);
}

}  // namespace

uint64_t GgufAlignment(const Metadata& metadata) {
  const std::optional<int64_t> value = metadata.Int(kGgufAlignmentKey);
  if (!value) return kGgufDefaultAlignment;
  const auto alignment = static_cast<uint64_t>(*value);
  if (*value < 1 || alignment > kMaxAlignment || !std::has_single_bit(alignment)) {
    throw Error(ErrorCategory::kCorrupt, "metadata key \"{}\" is {}, must be a power of two from 1 to {}",
                kGgufAlignmentKey, *value, kMaxAlignment);
  }
  return alignment;
}

GgufFile GgufFile::Open(const std::filesystem::path& path) {
  auto map = std::make_shared<const MappedFile>(MappedFile::Open(path));
  GgufFile file = Parse(map->bytes(), path.string());
  file.map_ = std::move(map);
  return file;
}

GgufFile GgufFile::Parse(std::span<const std::byte> bytes, std::string_view name) {
  if (Sniff(bytes) != FileKind::kGguf) throw WrongFile(name, bytes, "a GGUF model");
  Reader reader(bytes, name);
  reader.Take<uint32_t>("the magic");
  GgufFile file;
  file.version_ = reader.Take<uint32_t>("the version");
  if (file.version_ != 2 && file.version_ != 3) {
    reader.Fail(ErrorCategory::kUnsupported,
                "GGUF version {} is not read here, only 2 and 3; get a newer file of the model", file.version_);
  }
  const uint64_t tensor_count = reader.TakeCount("the tensor count", kMinTensorBytes);
  const uint64_t entry_count = reader.TakeCount("the metadata count", kMinEntryBytes);
  TakeMetadata(reader, entry_count, file.metadata_);
  uint64_t alignment = 0;
  try {
    RefuseSplit(file.metadata_);
    alignment = GgufAlignment(file.metadata_);
  } catch (const Error& error) {
    throw Error(error.category(), "{}: {}", name, error.what());
  }
  std::vector<Placed> placed = TakeTensors(reader, tensor_count, alignment);
  const uint64_t data_begin = (reader.offset() + alignment - 1) / alignment * alignment;
  const auto data = bytes.subspan(std::min<uint64_t>(data_begin, bytes.size()));
  SettleSizes(reader, data.size(), alignment, placed);
  file.tensors_.reserve(placed.size());
  for (Placed& tensor : placed) {
    AttachBytes(reader, data, tensor);
    file.tensors_.push_back(std::move(tensor.info));
  }
  for (size_t i = 0; i < file.tensors_.size(); ++i) {
    if (!file.by_name_.emplace(file.tensors_[i].name, i).second) {
      reader.where = fmt::format("tensor {}", Quoted(file.tensors_[i].name));
      reader.Fail(ErrorCategory::kCorrupt, "appears twice");
    }
  }
  return file;
}

const TensorInfo* GgufFile::Find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &tensors_[found->second];
}

void GgufFile::Release(const TensorInfo& tensor) const {
  if (map_) map_->Release(tensor.bytes);
}

std::shared_ptr<const void> GgufFile::Hold(const TensorInfo&) const { return map_; }

}  // namespace sheepop
